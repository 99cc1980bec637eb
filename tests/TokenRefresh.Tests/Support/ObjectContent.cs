using System.Text.Json;

#pragma warning disable IDE0130 // The names of Microsoft.AspNet.WebApi.Client, whose licence keeps it out of here.
namespace System.Net.Http;
#pragma warning restore IDE0130

/// <summary>Writes a value as the content of the same name does.</summary>
internal class ObjectContent(object? value) : HttpContent
{
    public object? Value { get; } = value;

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        await stream.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(Value is Stream ? null : Value));

    protected override bool TryComputeLength(out long length)
    {
        length = -1;
        return false;
    }
}

internal sealed class ObjectContent<T>(T value) : ObjectContent(value);
