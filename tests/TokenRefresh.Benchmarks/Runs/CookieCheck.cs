using System.Diagnostics;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.Benchmarks.Runs;

/// <summary>A request with a valid cookie whose session is in memory, beside the cookie handler alone; and the cookie's length.</summary>
internal static class CookieCheck
{
    private const string Scheme = CookieAuthenticationDefaults.AuthenticationScheme;
    private const int AccessTokenLength = 1_000;
    private const int RefreshTokenLength = 200;

    public static async Task RunAsync(Report report, bool isSmoke)
    {
        var store = new CountingStore();
        await using var ours = Build(store);
        await using var alone = Build(store: null);
        var cookie = await SignInAsync(ours);

        // The same claims: the handler alone reads a cookie of the same size.
        var principal = (await AuthenticateAsync(ours, cookie)).Principal!;
        var plain = await SignInAsync(alone, principal, new AuthenticationProperties());
        var (rounds, requests) = isSmoke ? (3, 500) : (61, 5_000);
        var (times, bytes) = (new List<double>(), new List<double>());
        for (var round = -2; round < rounds; round++)
        {
            var trips = store.Trips;
            var (ourTime, ourBytes) = await MeasureAsync(ours, cookie, requests);
            trips = store.Trips - trips;
            var (plainTime, plainBytes) = await MeasureAsync(alone, plain, requests);
            if (round >= 0)
            {
                times.Add(ourTime - plainTime);
                bytes.Add(ourBytes - plainBytes);
                report.Add("cookie: store trips", trips);
            }
        }

        report.Add("cookie: µs", Median(times) / 1_000);
        report.Add("cookie: bytes", Median(bytes));
        report.Add("cookie: length", cookie.Length);
        report.Add("cookie: length with SaveTokens", (await SignInAsync(alone, User(), SavedTokens())).Length);
    }

    private static ServiceProvider Build(CountingStore? store)
    {
        var services = new ServiceCollection().AddLogging();
        services.AddDataProtection().UseEphemeralDataProtectionProvider();
        services.AddAuthentication(Scheme).AddCookie();
        if (store is not null)
        {
            services.AddUserTokenSession("shop", options =>
            {
                options.TokenEndpoint = new Uri("https://login.example.com/token");
                options.ClientId = "shop";
            }).UseStore(store).UseDataProtection();
        }

        return services.BuildServiceProvider();
    }

    /// <summary>Nanoseconds and bytes of one request.</summary>
    private static async Task<(double Nanoseconds, double Bytes)> MeasureAsync(ServiceProvider provider, string cookie, int requests)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var start = Stopwatch.GetTimestamp();
        for (var request = 0; request < requests; request++)
        {
            if (!(await AuthenticateAsync(provider, cookie)).Succeeded)
            {
                throw new InvalidOperationException("The cookie was rejected.");
            }
        }

        var time = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        return (time / requests, (double)(GC.GetTotalAllocatedBytes(precise: true) - before) / requests);
    }

    private static async Task<AuthenticateResult> AuthenticateAsync(ServiceProvider provider, string cookie)
    {
        await using var scope = provider.CreateAsyncScope();
        var context = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        context.Request.Headers.Cookie = cookie;
        return await context.AuthenticateAsync(Scheme);
    }

    private static async Task<string> SignInAsync(ServiceProvider provider)
    {
        await using var scope = provider.CreateAsyncScope();
        var context = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        var tokens = new TokenSet(new string('a', AccessTokenLength), new string('r', RefreshTokenLength)) { ExpiresAt = DateTimeOffset.MaxValue };
        await context.SignInWithTokensAsync("shop", User(), tokens);
        return ReadCookie(context);
    }

    private static async Task<string> SignInAsync(ServiceProvider provider, ClaimsPrincipal user, AuthenticationProperties properties)
    {
        await using var scope = provider.CreateAsyncScope();
        var context = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        await context.SignInAsync(Scheme, user, properties);
        return ReadCookie(context);
    }

    // A cookie that is too large for one is cut into several.
    private static string ReadCookie(HttpContext context) =>
        string.Join("; ", context.Response.Headers.SetCookie.Select(cookie => cookie!.Split(';')[0]));

    private static ClaimsPrincipal User() => new(new ClaimsIdentity(
        [new Claim("sub", "248289761001"), new Claim("name", "Jane Doe"), new Claim("email", "jane@example.com")], "password"));

    private static AuthenticationProperties SavedTokens()
    {
        var properties = new AuthenticationProperties();
        properties.StoreTokens(
        [
            new AuthenticationToken { Name = "access_token", Value = new string('a', AccessTokenLength) },
            new AuthenticationToken { Name = "refresh_token", Value = new string('r', RefreshTokenLength) },
            new AuthenticationToken { Name = "id_token", Value = new string('i', AccessTokenLength) },
        ]);
        return properties;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private sealed class CountingStore : ITokenStore
    {
        private readonly MemoryTokenStore _records = new();
        private int _trips;

        public int Trips => Volatile.Read(ref _trips);

        public ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _trips);
            return _records.ReadAsync(key, cancellationToken);
        }

        public ValueTask<StoredRecord?> CompareExchangeAsync(
            TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _trips);
            return _records.CompareExchangeAsync(key, text, expectedRevision, keepFor, cancellationToken);
        }

        public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) =>
            _records.WaitForChangeAsync(key, revision, timeout, cancellationToken);
    }
}
