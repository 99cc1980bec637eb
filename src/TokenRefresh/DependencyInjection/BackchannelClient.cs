using System;
using System.Net.Http;

namespace TokenRefresh.DependencyInjection;

/// <summary>
/// The client of a session's token calls, new from the factory for each. A container that is being disposed makes none any more, while the
/// last flight is still to be drained: that one gets the client made before.
/// </summary>
internal sealed class BackchannelClient
{
    private readonly IHttpClientFactory _factory;
    private readonly string _name;
    private volatile HttpClient? _last;

    public BackchannelClient(IHttpClientFactory factory, string name)
    {
        _factory = factory;
        _name = name;
        try
        {
            _last = factory.CreateClient(name);
        }
        catch (Exception)
        {
            // Set up wrongly: the first token call says so to its flight.
        }
    }

    public HttpClient Get()
    {
        try
        {
            return _last = _factory.CreateClient(_name);
        }
        catch (ObjectDisposedException) when (_last is not null)
        {
            return _last;
        }
    }
}
