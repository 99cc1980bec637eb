namespace TokenRefresh;

/// <summary>A value that is kept in the request's own options, so that a copy of the request has it too.</summary>
internal sealed class RequestOption<T>(string name)
{
#if NET8_0_OR_GREATER
    private readonly HttpRequestOptionsKey<T> _key = new(name);

    public void Set(HttpRequestMessage request, T value) => request.Options.Set(_key, value);

    public T? Get(HttpRequestMessage request) => request.Options.TryGetValue(_key, out var value) ? value : default;
#else
    public void Set(HttpRequestMessage request, T value) => request.Properties[name] = value;

    public T? Get(HttpRequestMessage request) =>
        request.Properties.TryGetValue(name, out var value) && value is T typed ? typed : default;
#endif
}
