using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Samples.Documentation;
using TokenRefresh.TestKit;

namespace TokenRefresh.ServerTests;

/// <summary>The store of docs/stores.md keeps the rules of the contract, over a service with ETags.</summary>
public sealed class ETagStoreTests : StoreContractTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly HttpClient _client;

    public ETagStoreTests() => _client = new HttpClient(new ETagService(_time)) { BaseAddress = new Uri("https://records.example.com/") };

    // The service's clock counts seconds.
    protected override TimeSpan ShortTime => TimeSpan.FromSeconds(2);

    public override ValueTask DisposeAsync()
    {
        _client.Dispose();
        return base.DisposeAsync();
    }

    protected override ITokenStore Open() => new ETagTokenStore(_client, _time);

    protected override Task AdvanceTimeAsync(TimeSpan time)
    {
        _time.Advance(time);
        return Task.CompletedTask;
    }

    /// <summary>Keeps texts under their paths, and writes only if the condition of the request holds (RFC 9110, section 13.1).</summary>
    private sealed class ETagService(TimeProvider time) : HttpMessageHandler
    {
        private readonly Dictionary<string, (string Text, EntityTagHeaderValue Tag, DateTimeOffset Written)> _records = [];
        private int _writes;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var path = request.RequestUri!.AbsolutePath;
            var text = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
            lock (_records)
            {
                var isThere = _records.TryGetValue(path, out var record);
                if (request.Method == HttpMethod.Put)
                {
                    var isMet = isThere
                        ? request.Headers.IfMatch.Contains(record.Tag)
                        : request.Headers.IfNoneMatch.Contains(EntityTagHeaderValue.Any);
                    if (!isMet)
                    {
                        return new HttpResponseMessage(HttpStatusCode.PreconditionFailed);
                    }

                    _records[path] = record = (text, new EntityTagHeaderValue($"\"{++_writes}\""), time.GetUtcNow());
                    isThere = true;
                }

                return isThere ? Describe(record.Text, record.Tag, record.Written) : new HttpResponseMessage(HttpStatusCode.NotFound);
            }
        }

        private HttpResponseMessage Describe(string text, EntityTagHeaderValue tag, DateTimeOffset written)
        {
            var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(text) };
            response.Headers.ETag = tag;
            response.Headers.Date = time.GetUtcNow();
            response.Content.Headers.LastModified = written;
            return response;
        }
    }
}
