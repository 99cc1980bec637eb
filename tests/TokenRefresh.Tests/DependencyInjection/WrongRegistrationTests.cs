using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using TokenRefresh.TestKit;
using TokenRefresh.Testing;

namespace TokenRefresh.Tests.DependencyInjection;

/// <summary>A session whose parts or names are wrong fails with an error that says what to do.</summary>
public sealed class WrongRegistrationTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("of another library")]
    public async Task Options_that_are_of_no_session_are_not_checked(string? name)
    {
        await using var app = TestApp.Create();
        var validators = app.Services.GetServices<IValidateOptions<TokenRefreshOptions>>().ToList();
        Assert.NotEmpty(validators);

        Assert.All(validators, validator => Assert.True(validator.Validate(name, new TokenRefreshOptions()).Skipped));
    }

    public static TheoryData<string, Action<TokenSessionBuilder>> NullFactories => new()
    {
        { "ITokenStore", session => session.UseStore(_ => null!) },
        { "ITokenEndpoint", session => session.UseEndpoint(_ => null!) },
        { "ITokenProtector", session => session.UseStore(new MemoryTokenStore()).UseProtector(_ => null!) },
    };

    public static TheoryData<string, Action<IServiceCollection>> Cycles => new()
    {
        { "options", services => services.AddOptions<TokenRefreshOptions>("orders").Configure<LoginWindow>((_, _) => { }) },
        { "store", services => services.AddTokenSession("orders").UseStore(provider => provider.GetRequiredService<LoginWindow>().Store) },
    };

    [Theory]
    [Trait("Case", "N16")]
    [MemberData(nameof(NullFactories))]
    public void A_factory_that_returns_null_is_named(string part, Action<TokenSessionBuilder> register)
    {
        var services = Register();
        register(services.AddTokenSession("orders"));
        using var provider = services.BuildServiceProvider();

        var failure = Assert.Throws<InvalidOperationException>(() => provider.GetRequiredService<TokenSessions>()["orders"]);

        Assert.Contains($"The factory of the {part} of session 'orders' returned null.", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Case", "N16")]
    [MemberData(nameof(Cycles))]
    public void A_session_that_needs_itself_says_so(string part, Action<IServiceCollection> register)
    {
        var services = Register().AddSingleton<LoginWindow>();
        register(services);
        using var provider = services.BuildServiceProvider();

        var failure = Assert.Throws<InvalidOperationException>(() => provider.GetRequiredService<TokenSessions>()["orders"]);

        Assert.Contains("Session 'orders' is requested while it is being created", failure.Message, StringComparison.Ordinal);
        Assert.Contains(part, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Case", "N16")]
    [MemberData(nameof(Cycles))]
    public async Task At_the_start_of_an_app_a_session_that_needs_itself_says_so(string part, Action<IServiceCollection> register)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddHttpClient("orders").AddTokenRefreshHandler(Configure);
        builder.Services.AddSingleton<LoginWindow>();
        register(builder.Services);
        using var host = builder.Build();

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync());

        Assert.Contains("Session 'orders' is requested while it is being created", failure.Message, StringComparison.Ordinal);
        Assert.Contains(part, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Case", "N16")]
    public void The_default_client_needs_a_session_with_a_name()
    {
        var client = new ServiceCollection().AddHttpClient("");

        var failure = Assert.Throws<InvalidOperationException>(() => client.AddTokenRefreshHandler(Configure));

        Assert.Contains("has no name", failure.Message, StringComparison.Ordinal);
        Assert.Contains("AddTokenSession", failure.Message, StringComparison.Ordinal);
        client.AddTokenRefreshHandler("orders");
    }

    [Fact]
    [Trait("Case", "N16")]
    public void A_session_whose_part_ignores_the_cycle_stays_one_session()
    {
        var services = Register();
        services.AddTokenSession("orders").AllowUnencryptedStore().UseStore(provider =>
        {
            Assert.Throws<InvalidOperationException>(() => provider.GetRequiredService<TokenSessions>()["orders"]);
            return new MemoryTokenStore();
        });
        using var provider = services.BuildServiceProvider();
        var sessions = provider.GetRequiredService<TokenSessions>();

        Assert.Same(sessions["orders"], sessions["orders"]);
    }

    [Fact]
    [Trait("Case", "N16")]
    public void A_client_that_is_created_while_the_store_cant_be_keeps_no_failure()
    {
        var isAway = true;
        var services = Register();
        services.AddTokenSession("orders").AllowUnencryptedStore().UseStore(
            _ => isAway ? throw new TimeoutException() : new MemoryTokenStore());
        using var provider = services.BuildServiceProvider();
        using var client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");

        isAway = false;

        Assert.Equal("orders", provider.GetRequiredService<TokenSessions>()["orders"].Name);
    }

    [Fact]
    [Trait("Case", "N16")]
    public void A_session_without_options_names_the_other_sessions()
    {
        var services = new ServiceCollection();
        services.AddHttpClient<OrdersClient>().AddTokenRefreshHandler(Configure);
        services.AddTokenSession("orders").UseStore(new MemoryTokenStore()).AllowUnencryptedStore();
        using var provider = services.BuildServiceProvider();

        var failure = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<TokenSessions>()["orders"]);

        Assert.Contains("TokenEndpoint isn't set", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Other sessions are registered: 'OrdersClient'.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Case", "N16")]
    public void A_section_that_is_missing_is_named()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["Orders:ClientId"] = "shop" }).Build();
        var services = new ServiceCollection();
        services.AddHttpClient("orders").AddTokenRefreshHandler(configuration.GetSection("Apis:Ordrs"));
        using var provider = services.BuildServiceProvider();

        var failure = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<TokenSessions>()["orders"]);

        Assert.Contains("The configuration section 'Apis:Ordrs' is missing or empty.", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Other sessions", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Case", "N16")]
    [InlineData("Name", null)]
    [InlineData("Name", "")]
    [InlineData("TimeProvider", "orders")]
    public void A_setting_that_is_missing_without_dependency_injection_is_named(string setting, string? name)
    {
        var options = new TokenRefreshOptions();
        Configure(options);
        var settings = new TokenSessionSettings { Name = name!, TimeProvider = setting == "TimeProvider" ? null! : TimeProvider.System };

        var failure = Assert.Throws<ArgumentException>(() => TokenSession.Create(options, settings));

        Assert.Contains(setting + " is ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Case", "N16")]
    public async Task An_endpoint_that_returns_null_is_a_configuration_failure()
    {
        var endpoint = new EmptyEndpoint();
        var services = Register();
        services.AddTokenSession("orders").UseEndpoint(_ => endpoint);
        await using var provider = services.BuildServiceProvider();
        var session = provider.GetRequiredService<TokenSessions>()["orders"];
        await session.SignInAsync(new TokenSet("access-1", "refresh-1"));

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => session.RefreshAsync());

        Assert.Equal(TokenRefreshFailure.Configuration, failure.Failure);
        Assert.Contains("the ITokenEndpoint returned null.", failure.Message, StringComparison.Ordinal);
        Assert.Equal("refresh-1", Assert.Single(endpoint.Received).RefreshToken);
        Assert.Equal("access-1", await session.GetAccessTokenAsync());
    }

    private static ServiceCollection Register()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("orders").AddTokenRefreshHandler(Configure);
        return services;
    }

    private static void Configure(TokenRefreshOptions options)
    {
        options.TokenEndpoint = new Uri("https://login.example.com/token");
        options.ClientId = "shop";
    }

    private sealed class OrdersClient;

    private sealed class LoginWindow([FromKeyedServices("orders")] TokenSession session)
    {
        public ITokenStore Store => throw new InvalidOperationException("Session " + session.Name + " exists.");
    }

    private sealed class EmptyEndpoint : ITokenEndpoint
    {
        public List<TokenEndpointRequest> Received { get; } = [];

        public Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
        {
            Received.Add(request);
            return Task.FromResult<TokenEndpointResult>(null!);
        }
    }
}
