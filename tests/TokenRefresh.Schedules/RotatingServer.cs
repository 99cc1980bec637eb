using System.Net;
using Microsoft.Coyote.Specifications;

namespace TokenRefresh.Schedules;

/// <summary>
/// A token endpoint that rotates, and the API behind it. Tokens are named <c>ann-access-1</c>, <c>ann-refresh-1</c>. Both know what must
/// never arrive; each yields before and after it acts, so that anything may come in between.
/// </summary>
internal sealed class RotatingServer : HttpMessageHandler, ITokenEndpoint
{
    private readonly List<string> _asked = [];
    private readonly HashSet<string> _atWork = [];
    private readonly HashSet<string> _spent = [];
    private readonly HashSet<string> _refused = [];
    private readonly Dictionary<HttpRequestMessage, List<string>> _sent = [];
    private readonly Queue<TokenEndpointResult> _failures = [];

    /// <summary>How many refreshes were asked for.</summary>
    public int Calls => _asked.Count;

    /// <summary>The record that the store must have before a request may use the token; <see langword="null"/>: it can't be known.</summary>
    public Func<string, bool>? IsSaved { get; set; }

    /// <summary>Looks at the world whenever something arrives.</summary>
    public Action Watch { get; set; } = () => { };

    public static TokenSet TokensOf(string user, int number = 1) => new($"{user}-access-{number}", $"{user}-refresh-{number}");

    public static string UserOf(string token) => token.Substring(0, token.IndexOf('-', StringComparison.Ordinal));

    public int CallsFor(string user) => _asked.FindAll(u => u == user).Count;

    /// <summary>The API refuses this token from now on.</summary>
    public void Expire(string accessToken) => _refused.Add(accessToken);

    /// <summary>The next refresh fails so.</summary>
    public void FailOnce(TokenEndpointResult failure) => _failures.Enqueue(failure);

    public async Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
    {
        var spent = request.RefreshToken!;
        var user = UserOf(spent);
        _asked.Add(user);
        Watch();
        Specification.Assert(_atWork.Add(user), $"Two refreshes of one login at once: {spent}.");
        Specification.Assert(_spent.Add(spent), $"A refresh token was presented twice: {spent}.");
        await Task.Yield();
        var number = int.Parse(spent.AsSpan(spent.LastIndexOf('-') + 1), provider: null);
        if (!_failures.TryDequeue(out var result))
        {
            result = TokenEndpointResult.Succeeded(TokensOf(user, number + 1));
        }
        else if (result.Outcome == TokenEndpointOutcome.Transient)
        {
            _spent.Remove(spent);
        }

        _atWork.Remove(user);
        await Task.Yield();
        return result;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var token = request.Headers.Authorization?.Parameter;
        Watch();
        if (token is not null)
        {
            if (!_sent.TryGetValue(request, out var before))
            {
                _sent[request] = before = [];
            }

            Specification.Assert(!before.Contains(token), $"A request was sent again with the token it was refused with: {token}.");
            Specification.Assert(before.TrueForAll(t => UserOf(t) == UserOf(token)), $"A request was sent again as another user: {token}.");
            Specification.Assert(IsSaved?.Invoke(token) != false, $"A token was used before it was saved: {token}.");
            before.Add(token);
        }

        await Task.Yield();
        var isRefused = token is null || _refused.Contains(token);
        await Task.Yield();
        cancellationToken.ThrowIfCancellationRequested();
        return new HttpResponseMessage(isRefused ? HttpStatusCode.Unauthorized : HttpStatusCode.OK) { RequestMessage = request };
    }
}
