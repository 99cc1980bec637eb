using System.Reflection;
using System.Text.RegularExpressions;

namespace TokenRefresh.Tests.Conventions;

/// <summary>
/// Who may use whom, on the types themselves: declarations, members and instructions. The arrows go down only.
/// </summary>
public sealed partial class LayerTests
{
    private const string Contract = nameof(Contract);
    private const string Composition = nameof(Composition);

    // From top to bottom. A layer may use those below, the contract (public types without behaviour of their own), and the common ones.
    private static readonly string[][] Layers =
    [
        ["DependencyInjection"],
        ["TokenRefreshHandler"],
        ["Handling"],
        ["TokenSessions"],
        ["TokenSession"],
        [Composition],
        ["Options"],
        ["Refreshing"],
        ["SingleFlight", "Storage", "Protocol"],
        ["Diagnostics"],
        [Contract],
        ["Compatibility"],
    ];

    // Types of the root folder that aren't part of the contract.
    private static readonly Dictionary<string, string> RootLayers = new(StringComparer.Ordinal)
    {
        [nameof(SessionComposer)] = Composition,
        [nameof(TokenRefreshHandler)] = "TokenRefreshHandler",
        [nameof(TokenRefreshHttpExtensions)] = "TokenRefreshHandler",
        [nameof(TokenSessions)] = "TokenSessions",
        [nameof(UserSessions)] = "TokenSessions",
        [nameof(TokenSessionHealth)] = "TokenSessions",
        [nameof(TokenSession)] = "TokenSession",
    };

    private static readonly Assembly Library = typeof(TokenSession).Assembly;
    private static readonly Dictionary<string, string> Folders = FindFolders();
    private static readonly TypeGraph Graph = new(Library);

    // The app's callbacks may be given a type from above. A type that passes it on may name it, but doesn't call it.
    private static readonly HashSet<Type> CallbackArguments =
    [
        .. typeof(TokenRefreshOptions).GetProperties()
            .Where(property => typeof(Delegate).IsAssignableFrom(property.PropertyType))
            .SelectMany(property => property.PropertyType.GetGenericArguments()),
    ];

    [Fact]
    public void Every_use_of_a_type_goes_down()
    {
        var violations = Graph.Uses.Where(IsViolation).Select(use => $"{Describe(use.From)} uses {Describe(use.To)}");

        Assert.Empty(violations);
    }

    [Fact]
    public void Diagnostics_uses_nothing_but_the_contract()
    {
        var used = Graph.Uses.Where(use => LayerOf(use.From) == "Diagnostics").Select(use => LayerOf(use.To)).Distinct();

        Assert.Empty(used.Except(["Diagnostics", Contract, "Compatibility"]));
    }

    [Fact]
    public void The_namespace_of_an_internal_type_is_its_folder()
    {
        var wrong = TopLevelTypes.Where(type => !type.IsPublic).Where(type => type.Namespace != NamespaceOf(FolderOf(type))).Select(type => type.FullName);

        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_type_is_in_a_layer_and_the_graph_sees_calls()
    {
        Assert.All(TopLevelTypes, type => Assert.Contains(Layers, layer => layer.Contains(LayerOf(type))));
        Assert.True(Graph.Uses.Count > 500, $"Only {Graph.Uses.Count} uses were found.");

        // A call that no declaration shows: an extension method in the body of a lambda.
        Assert.Contains((typeof(TokenRefresh.Storage.StoreCalls), typeof(WaitExtensions)), Graph.Calls);
    }

    private static IEnumerable<Type> TopLevelTypes => Library.GetTypes().Where(
        type => !type.IsNested && type.Namespace is { } name && (name.StartsWith("TokenRefresh", StringComparison.Ordinal) || type.IsPublic)
            && !type.Name.StartsWith('<'));

    private static bool IsViolation((Type From, Type To) use) =>
        RankOf(use.From) is var from && RankOf(use.To) is var to
        && (from > to || (from == to && LayerOf(use.From) != LayerOf(use.To)))
        && (!CallbackArguments.Contains(use.To) || Graph.Calls.Contains(use));

    private static int RankOf(Type type) => Array.FindIndex(Layers, layer => layer.Contains(LayerOf(type)));

    private static string Describe(Type type) => $"{type.Name} ({LayerOf(type)})";

    private static string LayerOf(Type type) => FolderOf(type) switch
    {
        "" => RootLayers.GetValueOrDefault(NameOf(type), Contract),
        "Storage" or "Protocol" when IsSeam(type) => Contract,
        var folder => folder,
    };

    // An interface, a value or a result that the app sees. What uses internal types of its folder is a part of that folder.
    private static bool IsSeam(Type type) => type.IsPublic
        && !Graph.Uses.Any(use => use.From == type && !use.To.IsPublic && FolderOf(use.To) == FolderOf(type));

    private static string FolderOf(Type type) => Folders.TryGetValue(NameOf(type), out var folder)
        ? folder
        : throw new InvalidOperationException($"No file of the library declares {type.FullName}.");

    private static string NameOf(Type type) => type.Name.Split('`')[0];

    private static string NamespaceOf(string folder) => folder is "" or "Compatibility" ? "TokenRefresh" : "TokenRefresh." + folder;

    private static Dictionary<string, string> FindFolders()
    {
        var source = Path.Combine(ConventionTests.Root, "src", "TokenRefresh");
        var folders = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories))
        {
            var path = Path.GetRelativePath(source, file).Split(Path.DirectorySeparatorChar);
            if (path[0] is "obj" or "bin")
            {
                continue;
            }

            foreach (Match declared in Declaration().Matches(File.ReadAllText(file)))
            {
                folders[declared.Groups["name"].Value] = path.Length == 1 ? "" : path[0];
            }
        }

        return folders;
    }

    [GeneratedRegex(
        @"^(?:(?:public|internal|static|sealed|abstract|partial|readonly|ref|unsafe|file) )*(?:class|record struct|record|struct|interface|enum) (?<name>\w+)",
        RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
