using System.Collections;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;

namespace TokenRefresh.Handling;

/// <summary>
/// Decides whether JSON content is the same when it is serialized a second time. It isn't if its value contains, at any depth, a sequence
/// that can be enumerated only once: <see cref="IAsyncEnumerable{T}"/>, or an <see cref="IEnumerable"/> that isn't a collection.
/// </summary>
/// <remarks>
/// For most types the decision is made once, by the serializer's own metadata. If the type doesn't decide it (a member declared as
/// <c>IEnumerable</c> or <c>object</c>), the value does. A value that can't be examined counts as one-shot.
/// </remarks>
internal static class JsonReplay
{
    // The serializer's own limit is 64.
    private const int MaxDepth = 64;

    private static readonly ConditionalWeakTable<JsonTypeInfo, StrongBox<bool>> Decided = new();

    /// <summary>
    /// Whether content of type <c>System.Net.Http.Json.JsonContent</c> or <c>System.Net.Http.ObjectContent</c> can be sent again. The
    /// serializer of the second one may be another, but it enumerates the same members.
    /// </summary>
    public static bool CanReplay(HttpContent content)
    {
        try
        {
            var value = JsonContentAccess.ValueOf(content);
            return value is null
                || (JsonContentAccess.TypeInfoOf(content, value) is { } declared && IsRepeatable(value, declared, depth: 0));
        }
        catch (Exception)
        {
            // Metadata is missing, or a getter of the value throws.
            return false;
        }
    }

    private static bool IsRepeatable(object? value, JsonTypeInfo declared, int depth)
    {
        if (value is null or string || IsAlwaysRepeatable(declared))
        {
            return true;
        }

        if (depth > MaxDepth)
        {
            return false;
        }

        if (IsDecidedByValue(declared) && value.GetType() != declared.Type)
        {
            // The serializer goes by the value's own type where the declared one is object or polymorphic.
            return IsRepeatable(value, declared.Options.GetTypeInfo(value.GetType()), depth + 1);
        }

        return declared.Kind switch
        {
            JsonTypeInfoKind.Object => value is not Stream
                && declared.Properties.All(member => member.Get is not { } get || IsRepeatableMember(get(value), member, depth)),
            JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary =>
                !SequenceTypes.IsOneShot(value.GetType()) && HasRepeatableItems(value, declared, depth),
            _ => !SequenceTypes.IsOneShot(value.GetType()),
        };
    }

    private static bool IsRepeatableMember(object? value, JsonPropertyInfo member, int depth) =>
        value is null
        || (member.CustomConverter is null
            ? IsRepeatable(value, member.Options.GetTypeInfo(member.PropertyType), depth + 1)
            : !SequenceTypes.IsOneShot(value.GetType()));

    private static bool HasRepeatableItems(object sequence, JsonTypeInfo type, int depth)
    {
        var declared = type.Options.GetTypeInfo(SequenceTypes.ItemOf(type.Type) ?? typeof(object));
        if (IsAlwaysRepeatable(declared))
        {
            return true;
        }

        var items = sequence switch
        {
            IDictionary dictionary => dictionary.Values,

            // ExpandoObject and other dictionaries without the older interface.
            IEnumerable<KeyValuePair<string, object?>> pairs => pairs.Select(pair => pair.Value),
            _ => type.Kind == JsonTypeInfoKind.Dictionary ? null : (IEnumerable)sequence,
        };
        return items is not null && items.Cast<object?>().All(item => IsRepeatable(item, declared, depth + 1));
    }

    private static bool IsAlwaysRepeatable(JsonTypeInfo type) =>
        Decided.GetValue(type, static type => new(IsAlwaysRepeatable(type, []))).Value;

    // Whether every value of the type is repeatable. The open types are being decided: a type that refers to itself adds nothing.
    private static bool IsAlwaysRepeatable(JsonTypeInfo type, HashSet<Type> open)
    {
        if (IsDecidedByValue(type))
        {
            return false;
        }

        if (!open.Add(type.Type))
        {
            return true;
        }

        return type.Kind switch
        {
            JsonTypeInfoKind.Object => type.Properties.All(member => member.Get is null || IsAlwaysRepeatableMember(member, open)),
            JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary =>
                !SequenceTypes.IsOneShot(type.Type)
                && SequenceTypes.ItemOf(type.Type) is { } item
                && IsAlwaysRepeatable(type.Options.GetTypeInfo(item), open),
            _ => !SequenceTypes.IsOneShot(type.Type),
        };
    }

    private static bool IsAlwaysRepeatableMember(JsonPropertyInfo member, HashSet<Type> open) => member.CustomConverter is null
        ? IsAlwaysRepeatable(member.Options.GetTypeInfo(member.PropertyType), open)
        : !SequenceTypes.IsOneShot(member.PropertyType) && member.PropertyType != typeof(object);

    private static bool IsDecidedByValue(JsonTypeInfo type) =>
        type.Type == typeof(object) || type.PolymorphismOptions is not null || typeof(Stream).IsAssignableFrom(type.Type);
}
