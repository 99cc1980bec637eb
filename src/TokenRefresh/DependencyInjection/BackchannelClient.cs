using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using TokenRefresh.Handling;
using TokenRefresh.Protocol;

namespace TokenRefresh.DependencyInjection;

/// <summary>
/// The HTTP client for a session's token requests. <c>IHttpClientFactory</c> doesn't create it: an app's settings for all clients (retries,
/// loggers, default headers) could send a refresh token twice or log it.
/// </summary>
/// <remarks>
/// The last flight needs a client while the container is being disposed, and the container creates none then. So the client is created
/// before.
/// </remarks>
internal sealed class BackchannelClient : IDisposable
{
    private readonly IServiceProvider _provider;
    private readonly string _name;
    private readonly TokenRefreshOptions _options;

    // For the lifetime of the handlers. It isn't the app's clock.
    private readonly TimeProvider _time;
    private readonly object _lock = new();
    private readonly Queue<(IDisposable Scope, long Retired)> _retired = new();
    private Handler? _handler;
    private BackchannelSettings? _settings;
    private volatile HttpClient? _last;
    private volatile bool _isDisposed;

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
            // The configuration is wrong. The first token request reports it.
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

    /// <summary>Disposes the scopes of the handlers. The handlers' connections close when they are idle.</summary>
    public void Dispose()
    {
        IDisposable?[] scopes;
        lock (_lock)
        {
            _isDisposed = true;
            scopes = [.. _retired.Select(retired => retired.Scope), _handler?.Scope];
            _retired.Clear();
        }

        // A scope throws if a service of the app throws, or has DisposeAsync but not Dispose.
        Array.ForEach(scopes, scope => scope?.DisposeQuietly());
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

    // The handler is replaced from time to time, as the factory does, because a client certificate may be renewed or a host may move. The
    // old handler may still be in use. Its connections close when they are idle, so only its scope is disposed.
    private HttpMessageHandler GetHandler(BackchannelSettings settings)
    {
        var lifetime = settings.Own.HandlerLifetime;
        if (_handler is { } current && (lifetime == Timeout.InfiniteTimeSpan || _time.GetElapsedTime(current.Created) < lifetime))
        {
            return current.Chain;
        }

        var created = CreateHandler(settings);
        DisposeRetired();
        if (_handler is not null)
        {
            _retired.Enqueue((_handler.Scope, created.Created));
        }

        _handler = created;
        return created.Chain;
    }

    private Handler CreateHandler(BackchannelSettings settings)
    {
        var scope = _provider.CreateScope();
        try
        {
            return new Handler(Build(settings, scope.ServiceProvider), scope, _time.GetTimestamp());
        }
        catch
        {
            scope.DisposeQuietly();
            throw;
        }
    }

    private HttpMessageHandler Build(BackchannelSettings settings, IServiceProvider services)
    {
        var builder = new Builder(services) { Name = _name, PrimaryHandler = BackchannelHandler.Create() };
        foreach (var configure in settings.ForAll.HttpMessageHandlerBuilderActions)
        {
            configure(builder);
        }

        // The primary handler's proxy and certificate are for all clients. The other handlers aren't for token requests, except service
        // discovery if the endpoint's address needs it.
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
            builder.AdditionalHandlers.Insert(0, new NotingHandler(FinalEndpointHandler.NoteNamed));
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

    // No request takes longer than its flight, so a handler that was retired before that time isn't in use.
    private void DisposeRetired()
    {
        while (_retired.Count > 0 && _time.GetElapsedTime(_retired.Peek().Retired) > _options.RefreshTimeout + _options.RefreshTimeout)
        {
            _retired.Dequeue().Scope.DisposeQuietly();
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
