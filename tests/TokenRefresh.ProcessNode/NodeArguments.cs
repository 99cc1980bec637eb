using System.Globalization;
using StackExchange.Redis;

namespace TokenRefresh.ProcessNode;

/// <summary>What this process is to do, as <c>name=value</c> each.</summary>
internal sealed class NodeArguments(IEnumerable<string> args)
{
    private readonly Dictionary<string, string> _values = args.Select(arg => arg.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

    public string this[string name] => _values.TryGetValue(name, out var value) ? value : throw new FormatException($"'{name}=' is missing.");

    public TokenSession OpenSession()
    {
        var options = new TokenRefreshOptions
        {
            TokenEndpoint = new Uri(this["endpoint"]),
            Protocol = Enum.Parse<TokenEndpointProtocol>(Find("protocol") ?? "OAuth"),
            ClientId = Find("client") ?? "shop",
            ClientSecret = Find("secret"),
            RefreshTimeout = TimeSpan.FromSeconds(double.Parse(Find("timeout") ?? "30", CultureInfo.InvariantCulture)),
            MinRefreshInterval = TimeSpan.Zero,
        };
        if (Find("api") is { } api)
        {
            options.AllowedOrigins.Add(new Uri(api));
        }

        var clock = new ShiftedTime(TimeSpan.FromSeconds(double.Parse(Find("clock") ?? "0", CultureInfo.InvariantCulture)));
        return TokenSession.Create(options, new TokenSessionSettings { TimeProvider = clock, Store = StoppingStore.Around(OpenStore(), Find("step")), AllowUnencryptedStore = true, Name = "orders" });
    }

    private ITokenStore OpenStore()
    {
        var (kind, place) = this["store"].Split(':', 2) is [var first, var rest]
            ? (first, rest)
            : throw new FormatException("'store=' is file:…, redis:… or postgres:….");
        return kind switch
        {
            "file" => new FileTokenStore(place),
            "redis" => new RedisTokenStore(ConnectionMultiplexer.Connect(place + ",abortConnect=false")),
            _ => SharedDbContext.OpenStore(place),
        };
    }

    private string? Find(string name) => _values.GetValueOrDefault(name);

    /// <summary>The clock of a machine that is wrong by so much.</summary>
    private sealed class ShiftedTime(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}
