using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace TokenRefresh.Handling;

/// <summary>Distinguishes collections, which can be enumerated again, from other sequences.</summary>
internal static class SequenceTypes
{
    private static readonly Type[] Collections = [typeof(ICollection<>), typeof(IReadOnlyCollection<>)];
    private static readonly Type[] Streams = [typeof(IAsyncEnumerable<>)];
    private static readonly Type[] Sequences = [typeof(IEnumerable<>)];
    private static readonly Type[] Buffers = [typeof(Memory<>), typeof(ReadOnlyMemory<>)];

    /// <summary>Whether the type is a sequence that may be over after one enumeration.</summary>
    public static bool IsOneShot(Type type) =>
        Find(type, Streams) is not null
        || (typeof(IEnumerable).IsAssignableFrom(type) && type != typeof(string) && !IsCollection(type) && !IsTree(type));

    /// <summary>The type of a sequence's items, or of a dictionary's values; <see langword="null"/> if it isn't declared.</summary>
    public static Type? ItemOf(Type sequence) =>
        sequence.IsArray ? sequence.GetElementType()
        : (Find(sequence, Sequences) ?? Find(sequence, Buffers))?.GetGenericArguments()[0] is not { } item ? null
        : item.IsGenericType && item.GetGenericTypeDefinition() == typeof(KeyValuePair<,>) ? item.GetGenericArguments()[1]
        : item;

    // The nodes of Json.NET enumerate their children.
    private static bool IsTree(Type type) =>
        ItemOf(type) is { IsClass: true } item && item != typeof(object) && item.IsAssignableFrom(type);

    private static bool IsCollection(Type type) => typeof(ICollection).IsAssignableFrom(type) || Find(type, Collections) is not null;

    // The serializer enumerates a sequence by this interface. Where it does, trimming has kept it.
    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "The serializer uses the interface, so it is there.")]
    private static Type? Find(Type type, Type[] definitions)
    {
        return IsOf(type) ? type : Array.Find(type.GetInterfaces(), IsOf);

        bool IsOf(Type candidate) => candidate.IsGenericType && Array.IndexOf(definitions, candidate.GetGenericTypeDefinition()) >= 0;
    }
}
