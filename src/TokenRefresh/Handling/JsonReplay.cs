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

        // The serializer goes by the value's own type where the declared one is object or polymorphic.
        var actual = IsDecidedByValue(declared) && value.GetType() != declared.Type
            ? declared.Options.GetTypeInfo(value.GetType())
            : declared;
        if (actual != declared)
        {
            return IsRepeatable(value, actual, depth + 1);
        }

        return actual.Kind switch
        {
            JsonTypeInfoKind.Object => value is not Stream && HasRepeatableMembers(value, actual, depth),
            JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary =>
                !SequenceTypes.IsOneShot(value.GetType()) && HasRepeatableItems(value, actual, depth),
            _ => !SequenceTypes.IsOneShot(value.GetType()),
        };
    }

    private static bool HasRepeatableMembers(object value, JsonTypeInfo type, int depth)
    {
        foreach (var member in type.Properties)
        {
            if (member.Get is { } get && !IsRepeatableMember(get(value), member, depth))
            {
                return false;
            }
        }

        return true;
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
        if (items is null)
        {
            return false;
        }

        foreach (var item in items)
        {
            if (!IsRepeatable(item, declared, depth + 1))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsAlwaysRepeatable(JsonTypeInfo type) =>
        Decided.GetValue(type, static type => new(IsAlwaysRepeatable(type, []))).Value;

    /// <summary>Whether every value of the type is repeatable.</summary>
    /// <param name="type">The type.</param>
    /// <param name="open">The types that are being decided: a type that refers to itself adds nothing.</param>
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
            JsonTypeInfoKind.Object => HasAlwaysRepeatableMembers(type, open),
            JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary =>
                !SequenceTypes.IsOneShot(type.Type)
                && SequenceTypes.ItemOf(type.Type) is { } item
                && IsAlwaysRepeatable(type.Options.GetTypeInfo(item), open),
            _ => !SequenceTypes.IsOneShot(type.Type),
        };
    }

    private static bool HasAlwaysRepeatableMembers(JsonTypeInfo type, HashSet<Type> open)
    {
        foreach (var member in type.Properties)
        {
            if (member.Get is not null
                && (member.CustomConverter is not null
                    ? SequenceTypes.IsOneShot(member.PropertyType) || member.PropertyType == typeof(object)
                    : !IsAlwaysRepeatable(member.Options.GetTypeInfo(member.PropertyType), open)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsDecidedByValue(JsonTypeInfo type) =>
        type.Type == typeof(object) || type.PolymorphismOptions is not null || typeof(Stream).IsAssignableFrom(type.Type);
}
