// The OpenID Connect provider of the tests: oidc-provider, with one client and one user who is signed in without a question.
// Arguments: the port, and the address of the client's app.
import http from 'node:http';
import { Provider } from 'oidc-provider';

const [port, app] = process.argv.slice(2);
const issuer = `http://localhost:${port}`;
const counts = { refreshTokens: [], refused: 0, logouts: 0, errors: [] };

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'shop',
    client_secret: 'secret',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [new URL('signin-oidc', app).href],
    post_logout_redirect_uris: [new URL('signout-callback-oidc', app).href],
    token_endpoint_auth_method: 'client_secret_post',
    backchannel_logout_uri: new URL('backchannel-logout', app).href,
    backchannel_logout_session_required: true,
  }],
  cookies: { keys: ['tests'] },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      logoutSource: async (ctx, form) => {
        const confirmed = form.replace('</form>', '<input type="hidden" name="logout" value="yes"/></form>');
        ctx.body = `<!doctype html><title>Sign-out</title>${confirmed}<script>document.forms[0].submit()</script>`;
      },
    },
  },
  findAccount: async (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  // Without its guard against private addresses: the app is on this machine.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  interactions: { url: async (ctx, interaction) => `/interaction/${interaction.uid}` },
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  ttl: { AccessToken: 3600, Grant: 86400, IdToken: 3600, Interaction: 3600, RefreshToken: 86400, Session: 86400 },
});

provider.on('grant.success', (ctx) => note(ctx));
provider.on('grant.error', (ctx, error) => { note(ctx); counts.refused++; counts.errors.push(`${error}`); });
provider.on('backchannel.success', () => { counts.logouts++; });
provider.on('backchannel.error', (ctx, error) => { counts.errors.push(`${error}`); });
provider.on('server_error', (ctx, error) => { counts.errors.push(`${error.stack}`); });

function note(ctx) {
  if (ctx.oidc.params?.grant_type === 'refresh_token') {
    counts.refreshTokens.push(ctx.oidc.params.refresh_token);
  }
}

async function createGrant() {
  const grant = new provider.Grant({ accountId: 'alice', clientId: 'shop' });
  grant.addOIDCScope('openid profile offline_access');
  return grant.save();
}

// A login that no browser is needed for.
async function signIn() {
  const token = new provider.RefreshToken({
    accountId: 'alice',
    client: await provider.Client.find('shop'),
    grantId: await createGrant(),
    gty: 'authorization_code',
    scope: 'openid offline_access',
  });
  return token.save();
}

const handle = provider.callback();
const server = http.createServer(async (request, response) => {
  if (request.url.startsWith('/interaction/')) {
    await provider.interactionFinished(request, response, { login: { accountId: 'alice' }, consent: { grantId: await createGrant() } });
  } else if (request.url === '/tests/sign-in') {
    response.end(await signIn());
  } else if (request.url === '/tests/counts') {
    response.end(JSON.stringify(counts));
  } else {
    handle(request, response);
  }
});

server.listen(Number(port), 'localhost', () => console.log('ready'));
