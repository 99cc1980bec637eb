using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Collections.ObjectModel;
using System.Diagnostics.CodeAnalysis;
using System.Dynamic;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using TokenRefresh.Handling;

namespace TokenRefresh.Tests.Handling;

/// <summary>Which JSON contents are the same when they are serialized a second time.</summary>
[Trait("Case", "A18")]
public sealed partial class JsonReplayTests
{
    public static TheoryData<string> Repeatable => [.. RepeatableValues.Keys];

    public static TheoryData<string> OneShot => [.. OneShotValues.Keys];

    private static readonly Dictionary<string, Func<object?>> RepeatableValues = new()
    {
        ["null"] = () => null,
        ["list of the first .NET"] = () => new System.Collections.ArrayList { 1, "x" },
        ["property without a getter"] = () => new WithoutGetter { Text = "x" },
        ["text"] = () => "x",
        ["number"] = () => 1.5m,
        ["enum"] = () => DayOfWeek.Monday,
        ["record"] = () => new Plain(1, "x", DateTimeOffset.UnixEpoch, Guid.Empty, new Uri("https://a.example"), DayOfWeek.Friday, null, [1, 2]),
        ["anonymous type"] = () => new { Name = "x", Items = new[] { 1, 2 } },
        ["array"] = () => new[] { 1, 2 },
        ["list of records"] = () => new List<Node> { new("x", []) },
        ["set"] = () => new HashSet<int> { 1 },
        ["immutable array"] = () => ImmutableArray.Create(1, 2),
        ["queue"] = () => new Queue<int>([1]),
        ["concurrent queue"] = () => new ConcurrentQueue<int>([1]),
        ["read-only collection"] = () => new ReadOnlyCollection<int>([1]),
        ["dictionary"] = () => new Dictionary<string, Node> { ["a"] = new("x", []) },
        ["dictionary of objects"] = () => new Dictionary<string, object?> { ["a"] = 1, ["b"] = new List<string> { "x" }, ["c"] = null },
        ["ExpandoObject"] = () => Expando(new[] { 1 }),
        ["recursive type"] = () => new Node("x", [new("y", [])]),
        ["JsonElement"] = () => JsonDocument.Parse("""{"a":[1]}""").RootElement,
        ["JsonObject"] = () => new JsonObject { ["a"] = new JsonArray(1, 2) },
        ["list declared as a sequence"] = () => new Holder<IEnumerable<int>>(new List<int> { 1 }),
        ["array declared as an object"] = () => new Holder<object>(new[] { 1, 2 }),
        ["no sequence at all"] = () => new Holder<IEnumerable<int>?>(null),
        ["no stream at all"] = () => new Holder<IAsyncEnumerable<int>?>(null),
        ["stream that isn't serialized"] = () => new Ignored { Items = Items() },
        ["polymorphic"] = () => new Holder<Shape>(new Circle(1)),
        ["extension data"] = () => new Extended { More = new() { ["a"] = JsonDocument.Parse("[1]").RootElement } },
        ["a converter of the app's"] = () => new Holder<Money>(new Money(7)),
        ["buffer of numbers"] = () => new Holder<ReadOnlyMemory<float>>(new float[] { 1, 2 }),
        ["a converter of the app's for one member"] = () => new Converted<int[]>([1]),
        ["dictionary of objects with numbers as keys"] = () => new Dictionary<int, object> { [1] = new[] { 1 } },
        ["member that is only written"] = () => new WriteOnly { Items = Lazily() },
        ["nothing in a list of objects"] = () => new List<object?> { null },
        ["tree whose leaves are sequences of nodes, too"] = () => new Dictionary<string, Leaf> { ["a"] = new() },
    };

    private static readonly Dictionary<string, Func<object?>> OneShotValues = new()
    {
        ["stream"] = Items,
        ["stream in a member"] = () => new Holder<IAsyncEnumerable<int>>(Items()),
        ["stream in an object member"] = () => new Holder<object>(Items()),
        ["stream in a list"] = () => new List<Holder<IAsyncEnumerable<int>>> { new(Items()) },
        ["stream in a dictionary of objects"] = () => new Dictionary<string, object> { ["a"] = Items() },
        ["stream in an ExpandoObject"] = () => Expando(Items()),
        ["stream three levels deep"] = () => new Holder<Holder<Holder<object>>>(new(new(Items()))),
        ["consuming enumerable"] = () => Consuming(),
        ["consuming enumerable in a member"] = () => new Holder<IEnumerable<int>>(Consuming()),
        ["lazy sequence"] = () => Lazily(),
        ["lazy sequence in a member"] = () => new Holder<IEnumerable<int>>(Lazily()),
        ["lazy sequence without a type"] = () => new Holder<System.Collections.IEnumerable>(Lazily()),
        ["lazy sequence in a polymorphic member"] = () => new Holder<Shape>(new Cloud(Lazily())),
        ["lazy sequence in an anonymous type"] = () => new { Items = Lazily() },
        ["lazy sequence of lists"] = () => new Holder<IEnumerable<List<int>>>(Lazily().Select(i => new List<int> { i })),
        ["list of lazy sequences"] = () => new List<IEnumerable<int>> { Lazily() },
        ["lazy sequence in extension data"] = () => new ExtendedByObjects { More = new() { ["a"] = Lazily() } },
        ["a class of the app's that is a lazy sequence"] = () => new Holder<OwnSequence>(new OwnSequence()),
        ["a converter of the app's for one member that is a lazy sequence"] = () => new Converted<IEnumerable<int>>(Lazily()),
        ["a converter of the app's for one member that may be anything"] = () => new Converted<object>(Lazily()),
        ["dictionary of objects of the app's own, with numbers as keys"] = () => new NumberedObjects(),
        ["objects in objects, deeper than the serializer goes"] = () => Nested(depth: 70),
        ["getter that throws"] = () => new Throwing(),
        ["bytes of a stream"] = () => new System.IO.MemoryStream([1]),
        ["bytes of a stream in a member"] = () => new Holder<System.IO.Stream>(new System.IO.MemoryStream([1])),
    };

    [Theory]
    [MemberData(nameof(Repeatable))]
    public void A_value_that_is_all_there_is_sent_again(string name)
    {
        var value = RepeatableValues[name]();

        Assert.True(RequestReplay.CanReplay(Content(value)));
        Assert.True(RequestReplay.CanReplay(JsonContent.Create<object?>(value)));
        Assert.True(RequestReplay.CanReplay(new MultipartFormDataContent { { Content(value), "part" } }));

        // Decided before, for the type.
        Assert.True(RequestReplay.CanReplay(Content(value)));
    }

    [Theory]
    [MemberData(nameof(OneShot))]
    public void A_value_that_can_be_enumerated_once_is_not_sent_again(string name)
    {
        var value = OneShotValues[name]();

        Assert.False(RequestReplay.CanReplay(Content(value)));
        Assert.False(RequestReplay.CanReplay(JsonContent.Create<object?>(value)));
        Assert.False(RequestReplay.CanReplay(new MultipartFormDataContent { { Content(value), "part" } }));
        Assert.False(RequestReplay.CanReplay(Content(value)));
    }

    [Fact]
    public void The_same_type_is_judged_by_each_of_its_values()
    {
        Assert.True(RequestReplay.CanReplay(JsonContent.Create(new Holder<IEnumerable<int>>([1]))));
        Assert.False(RequestReplay.CanReplay(JsonContent.Create(new Holder<IEnumerable<int>>(Lazily()))));
        Assert.True(RequestReplay.CanReplay(JsonContent.Create(new Holder<IEnumerable<int>>([1]))));
    }

    [Fact]
    public void Source_generated_metadata_decides_as_reflection_does()
    {
        Assert.True(RequestReplay.CanReplay(JsonContent.Create(new Node("x", []), Generated.Default.Node)));
        Assert.True(RequestReplay.CanReplay(JsonContent.Create(new Holder<IEnumerable<int>>([1]), Generated.Default.HolderIEnumerableInt32)));
        Assert.False(RequestReplay.CanReplay(JsonContent.Create(new Holder<IEnumerable<int>>(Lazily()), Generated.Default.HolderIEnumerableInt32)));
        Assert.False(RequestReplay.CanReplay(JsonContent.Create(new Holder<IAsyncEnumerable<int>>(Items()), Generated.Default.HolderIAsyncEnumerableInt32)));
    }

    [Fact]
    public void Looking_at_a_lazy_sequence_doesnt_enumerate_it()
    {
        var isEnumerated = false;

        Assert.False(RequestReplay.CanReplay(JsonContent.Create(new Holder<IEnumerable<int>>(Observed()))));
        Assert.False(isEnumerated);

        IEnumerable<int> Observed()
        {
            isEnumerated = true;
            yield return 1;
        }
    }

    private static JsonContent Content(object? value) => JsonContent.Create(value, value?.GetType() ?? typeof(object));

    private static IAsyncEnumerable<int> Items()
    {
        var channel = Channel.CreateUnbounded<int>();
        channel.Writer.TryWrite(7);
        channel.Writer.Complete();
        return channel.Reader.ReadAllAsync();
    }

    private static ExpandoObject Expando(object member)
    {
        var value = new ExpandoObject();
        ((IDictionary<string, object?>)value)["a"] = member;
        return value;
    }

    private static Holder<object> Nested(int depth) => new(depth == 0 ? "x" : Nested(depth - 1));

    private static IEnumerable<int> Consuming()
    {
        var items = new BlockingCollection<int> { 7 };
        items.CompleteAdding();
        return items.GetConsumingEnumerable();
    }

    private static IEnumerable<int> Lazily()
    {
        yield return 7;
    }

    internal sealed record Plain(int Id, string Name, DateTimeOffset At, Guid Key, Uri Link, DayOfWeek Day, int? Maybe, IReadOnlyList<int> Numbers);

    internal sealed record Node(string Name, List<Node> Children);

    internal sealed record Holder<T>(T Value);

    [JsonDerivedType(typeof(Circle), "circle")]
    [JsonDerivedType(typeof(Cloud), "cloud")]
    internal abstract record Shape;

    internal sealed record Circle(int Radius) : Shape;

    internal sealed record Cloud(IEnumerable<int> Points) : Shape;

    internal sealed class Ignored
    {
        [JsonIgnore]
        public IAsyncEnumerable<int>? Items { get; init; }

        public int Count { get; init; }
    }

    internal sealed class Extended
    {
        [JsonExtensionData]
        public Dictionary<string, JsonElement>? More { get; init; }
    }

    internal sealed class ExtendedByObjects
    {
        [JsonExtensionData]
        public Dictionary<string, object>? More { get; init; }
    }

    internal sealed class Throwing
    {
        public bool Fails { get; init; } = true;

        public IEnumerable<int> Items => Fails ? throw new InvalidOperationException("getter") : [];
    }

    internal class Branch : IEnumerable<Branch>
    {
        public IEnumerator<Branch> GetEnumerator() => Enumerable.Empty<Branch>().GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }

    internal sealed class Leaf : Branch;

    internal sealed class OwnSequence : IEnumerable<int>
    {
        public IEnumerator<int> GetEnumerator() => Lazily().GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }

    internal sealed record Converted<T>([property: JsonConverter(typeof(AnyConverter))] T Value);

    internal sealed class AnyConverter : JsonConverter<object>
    {
        public override bool CanConvert(Type typeToConvert) => true;

        public override object Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, object value, JsonSerializerOptions options) => writer.WriteStringValue("x");
    }

    internal sealed class WriteOnly
    {
        private IEnumerable<int>? _items;

        [SuppressMessage("Design", "CA1044:Properties should not be write only", Justification = "It is what is tested.")]
        public IEnumerable<int>? Items
        {
            set => _items = value;
        }

        public bool HasItems => _items is not null;
    }

    internal sealed class NumberedObjects : IReadOnlyDictionary<int, object>
    {
        private readonly Dictionary<int, object> _items = new() { [1] = Lazily() };

        public int Count => _items.Count;

        public IEnumerable<int> Keys => _items.Keys;

        public IEnumerable<object> Values => _items.Values;

        public object this[int key] => _items[key];

        public bool ContainsKey(int key) => _items.ContainsKey(key);

        public bool TryGetValue(int key, out object value) => _items.TryGetValue(key, out value!);

        public IEnumerator<KeyValuePair<int, object>> GetEnumerator() => _items.GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }

    internal sealed class WithoutGetter
    {
        private string _text = "";

        [SuppressMessage("Design", "CA1044", Justification = "That is the case.")]
        public string Text
        {
            set => _text = value;
        }

        public int Length => _text.Length;
    }

    [JsonConverter(typeof(MoneyConverter))]
    internal sealed record Money(decimal Amount);

    internal sealed class MoneyConverter : JsonConverter<Money>
    {
        public override Money Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetDecimal());

        public override void Write(Utf8JsonWriter writer, Money value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Amount);
    }

    [JsonSerializable(typeof(Node))]
    [JsonSerializable(typeof(Holder<IEnumerable<int>>), TypeInfoPropertyName = "HolderIEnumerableInt32")]
    [JsonSerializable(typeof(Holder<IAsyncEnumerable<int>>), TypeInfoPropertyName = "HolderIAsyncEnumerableInt32")]
    internal sealed partial class Generated : JsonSerializerContext;
}
