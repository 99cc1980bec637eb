using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.Samples.Documentation;

/// <summary>docs/desktop.md.</summary>
public static class Desktop
{
    public static void SignIn(IServiceCollection services)
    {
        services.AddSingleton<LoginWindow>();
        services.AddHttpClient("orders", client => client.BaseAddress = new Uri("https://api.example.com"))
            .AddTokenRefreshHandler("orders");
        services.AddTokenSession("orders", options =>
        {
            options.TokenEndpoint = new Uri("https://login.example.com/oauth/token");
            options.ClientId = "shop";
        });
        services.AddOptions<TokenRefreshOptions>("orders")
            .Configure<LoginWindow>((options, login) => options.SignInInteractively = (e, ct) => login.AskAsync(ct));
    }
}

/// <summary>Stands for a window, shown on the UI's thread.</summary>
public sealed class LoginWindow
{
    public Task<TokenSet?> AskAsync(CancellationToken cancellationToken) => Task.FromResult<TokenSet?>(new TokenSet("access", "refresh"));
}
