using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using TokenRefresh.Handling;
using TokenRefresh.Protocol;

namespace TokenRefresh.DependencyInjection;

/// <summary>
/// The HTTP client for a session's token requests. It isn't one of the factory's: what an app configures for all of its clients (retries,
/// loggers, default headers) must neither send a refresh token twice nor write it down.
/// </summary>
/// <remarks>
/// A container that is being disposed creates no client any more, while the last flight still needs one: it gets the client before.
/// </remarks>
internal sealed class BackchannelClient : IDisposable
{
    private readonly IServiceProvider _provider;
    private readonly string _name;
    private readonly TokenRefreshOptions _options;
    private readonly TimeProvider _time;
    private readonly object _lock = new();
    private readonly Queue<(IDisposable Scope, long Retired)> _retired = new();
    private Handler? _handler;
    private BackchannelSettings? _settings;
    private volatile HttpClient? _last;
    private volatile bool _isDisposed;

    /// <param name="provider">The container.</param>
    /// <param name="name">The name under which the app configures the client.</param>
    /// <param name="options">The session's options.</param>
    /// <param name="time">The clock of the handlers' lifetime; <see langword="null"/> for the system's. It isn't the app's.</param>
    public BackchannelClient(IServiceProvider provider, string name, TokenRefreshOptions options, TimeProvider? time = null)
    {
        _provider = provider;
        _name = name;
        _options = options;
        _time = time ?? TimeProvider.System;
        try
        {
            Get();
        }
        catch (Exception)
        {
            // Configured wrongly: the first token request reports it.
        }
    }

    /// <summary>Returns a client for one request.</summary>
    /// <exception cref="TokenRefreshException">The client's handler follows redirects, and can't be changed.</exception>
    public HttpClient Get()
    {
        try
        {
            return _isDisposed && _last is not null ? _last : _last = Create();
        }
        catch (ObjectDisposedException) when (_last is not null)
        {
            return _last;
        }
    }

    /// <summary>Disposes the scopes of the handlers. What the handlers hold ends with their idle connections.</summary>
    public void Dispose()
    {
        List<IDisposable> scopes;
        lock (_lock)
        {
            _isDisposed = true;
            scopes = [.. _retired.Select(retired => retired.Scope)];
            _retired.Clear();
            if (_handler is not null)
            {
                scopes.Add(_handler.Scope);
            }
        }

        scopes.ForEach(DisposeScope);
    }

    private HttpClient Create()
    {
        var settings = _settings ??= BackchannelSettings.Read(_provider, _name);
        HttpMessageHandler handler;
        lock (_lock)
        {
            handler = GetHandler(settings);
        }

        var client = new HttpClient(handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
        foreach (var configure in settings.Own.HttpClientActions)
        {
            configure(client);
        }

        return client;
    }

    // Replaced now and then, as the factory does it: a client certificate is renewed, a host moves. The old one may still be in use, and
    // what it holds ends with its idle connections; only its scope is to be disposed.
    private HttpMessageHandler GetHandler(BackchannelSettings settings)
    {
        var lifetime = settings.Own.HandlerLifetime;
        if (_handler is { } current && (lifetime == Timeout.InfiniteTimeSpan || _time.GetElapsedTime(current.Created) < lifetime))
        {
            return current.Chain;
        }

        var scope = _provider.CreateScope();
        var chain = Build(settings, scope.ServiceProvider);
        var now = _time.GetTimestamp();
        DisposeRetired();
        if (_handler is not null)
        {
            _retired.Enqueue((_handler.Scope, now));
        }

        _handler = new Handler(chain, scope, now);
        return chain;
    }

    private HttpMessageHandler Build(BackchannelSettings settings, IServiceProvider services)
    {
        var builder = new Builder(services) { Name = _name, PrimaryHandler = BackchannelHandler.Create() };
        foreach (var configure in settings.ForAll.HttpMessageHandlerBuilderActions)
        {
            configure(builder);
        }

        // A proxy or a certificate of the primary handler is for all clients. The other handlers aren't for token requests, except for
        // service discovery where the endpoint's address needs it.
        var isLookedUp = FinalEndpointHandler.IsNeededFor(_options);
        var discovery = builder.AdditionalHandlers
            .Where(handler => isLookedUp && LookedUpAddressHandlers.IsServiceDiscovery(handler))
            .ToList();
        builder.AdditionalHandlers.Clear();
        foreach (var configure in settings.Own.HttpMessageHandlerBuilderActions)
        {
            configure(builder);
        }

        if (isLookedUp)
        {
            builder.AdditionalHandlers.Insert(0, new NotingHandler(EndpointAddress.SetNamed));
            discovery.ForEach(builder.AdditionalHandlers.Add);
            builder.AdditionalHandlers.Add(new FinalEndpointHandler(_options));
        }

        try
        {
            BackchannelHandler.Prepare(builder.PrimaryHandler, _options);
        }
        catch (ArgumentException e)
        {
            throw new TokenRefreshException(TokenRefreshFailure.Configuration, BackchannelHandler.InUse, innerException: e);
        }

        return builder.Build();
    }

    // No request takes longer than its flight.
    private void DisposeRetired()
    {
        while (_retired.Count > 0 && _time.GetElapsedTime(_retired.Peek().Retired) > _options.RefreshTimeout + _options.RefreshTimeout)
        {
            DisposeScope(_retired.Dequeue().Scope);
        }
    }

    // A service of the app may fail, or be disposable in the asynchronous way alone, which the scope reports by an exception.
    private static void DisposeScope(IDisposable scope)
    {
        try
        {
            scope.Dispose();
        }
        catch (Exception)
        {
            // The end of a handler's scope must not stop the end of the others.
        }
    }

    private sealed record Handler(HttpMessageHandler Chain, IDisposable Scope, long Created);

    private sealed class Builder(IServiceProvider services) : HttpMessageHandlerBuilder
    {
        public override string? Name { get; set; }

        public override HttpMessageHandler PrimaryHandler { get; set; } = null!;

        public override IList<DelegatingHandler> AdditionalHandlers { get; } = [];

        public override IServiceProvider Services => services;

        public override HttpMessageHandler Build() => CreateHandlerPipeline(PrimaryHandler, AdditionalHandlers);
    }
}
