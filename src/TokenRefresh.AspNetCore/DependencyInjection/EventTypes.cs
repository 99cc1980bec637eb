using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;

namespace TokenRefresh.AspNetCore.DependencyInjection;

/// <summary>Checks whether the events of a scheme reach this package.</summary>
internal static class EventTypes
{
    private static readonly string[] CookieMethods =
    [
        nameof(CookieAuthenticationEvents.ValidatePrincipal), nameof(CookieAuthenticationEvents.CheckSlidingExpiration),
        nameof(CookieAuthenticationEvents.SigningIn), nameof(CookieAuthenticationEvents.SigningOut),
        nameof(CookieAuthenticationEvents.RedirectToLogin), nameof(CookieAuthenticationEvents.RedirectToAccessDenied),
    ];

    private static readonly string[] OpenIdConnectMethods =
    [
        nameof(OpenIdConnectEvents.RedirectToIdentityProvider), nameof(OpenIdConnectEvents.TokenValidated),
        nameof(OpenIdConnectEvents.TicketReceived), nameof(OpenIdConnectEvents.RedirectToIdentityProviderForSignOut),
    ];

    /// <summary>Whether the app has a class for the events of the scheme, in place of delegates.</summary>
    public static bool HasClass(CookieAuthenticationOptions options) =>
        options.EventsType is not null || options.Events is null or TokenRefreshCookieEvents;

    /// <inheritdoc cref="HasClass(CookieAuthenticationOptions)"/>
    public static bool HasClass(OpenIdConnectOptions options) =>
        options.EventsType is not null || options.Events is null or TokenRefreshOpenIdConnectEvents;

    /// <summary>The error in the events of a cookie scheme, or <see langword="null"/>.</summary>
    public static string? FindFailure(string scheme, CookieAuthenticationOptions options) => FindFailure(
        $"cookie scheme '{scheme}'",
        options.EventsType,
        options.Events,
        typeof(TokenRefreshCookieEvents),
        typeof(CookieAuthenticationEvents),
        CookieMethods);

    /// <summary>The error in the events of an OpenID Connect scheme, or <see langword="null"/>.</summary>
    public static string? FindFailure(string scheme, OpenIdConnectOptions options) => FindFailure(
        $"OpenID Connect scheme '{scheme}'",
        options.EventsType,
        options.Events,
        typeof(TokenRefreshOpenIdConnectEvents),
        typeof(OpenIdConnectEvents),
        OpenIdConnectMethods);

    private static string? FindFailure(string scheme, Type? eventsType, object? events, Type ours, Type platforms, string[] methods)
    {
        var type = eventsType ?? events?.GetType();
        if (type is null || ours.IsAssignableFrom(type))
        {
            return null;
        }

        // An instance that overrides none of the methods calls the delegates, and those are chained. A type is made by the container,
        // with delegates that this package never sees.
        var overridden = methods
            .Where(method => type.GetMethod(method)?.DeclaringType is { } declaring && declaring.IsSubclassOf(platforms))
            .ToArray();
        if (eventsType is null && overridden.Length == 0)
        {
            return null;
        }

        var how = eventsType is null ? "the events" : "the EventsType";
        var calls = string.Join(" ", overridden.Select(method => $"await base.{method}(context);"));
        return $"The {scheme} has {how} '{type.Name}', which bypasses the token session. Derive it from {ours.Name}"
            + (overridden.Length == 0 ? "." : $", and in it write: {calls}");
    }
}
