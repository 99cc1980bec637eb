// The tests of Unix permissions skip themselves on Windows, which the analyzer does not see.
#pragma warning disable CA1416

using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Storage;

/// <summary>Directories as volumes, groups and administrators make them.</summary>
public sealed class FilePermissionTests : IAsyncDisposable
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Group = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;
    private const UnixFileMode GroupFile =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    private static readonly TokenSessionKey Key = new("orders");

    private readonly string _parent = Directory.CreateTempSubdirectory("saved-tokens-").FullName;

    public FilePermissionTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix permissions.");

    private string Tokens => Path.Combine(_parent, "tokens");

    public async ValueTask DisposeAsync() => await TestDirectory.DeleteAsync(_parent);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Case", "S8")]
    public async Task Under_a_setgid_parent_the_store_creates_and_uses_its_directory(bool allowsGroup)
    {
        File.SetUnixFileMode(_parent, Owner | Group | UnixFileMode.SetGroup);
        var store = Open(allowsGroup);

        await SignInAsync(store);

        Assert.Equal("access-1", await AccessTokenAsync(Open(allowsGroup)));
        Assert.Equal(UnixFileMode.SetGroup | (allowsGroup ? Owner | Group : Owner), File.GetUnixFileMode(Tokens));
    }

    [Theory]
    [InlineData(UnixFileMode.SetGroup)]
    [InlineData(UnixFileMode.SetUser)]
    [InlineData(UnixFileMode.StickyBit)]
    [Trait("Case", "S8")]
    public async Task A_directory_with_a_special_bit_and_no_permissions_for_others_is_used(UnixFileMode bit)
    {
        Directory.CreateDirectory(Tokens);
        File.SetUnixFileMode(Tokens, Owner | bit);

        await SignInAsync(Open(allowsGroup: false));

        Assert.Equal("access-1", await AccessTokenAsync(Open(allowsGroup: false)));
    }

    [Fact]
    [Trait("Case", "B75")]
    public async Task A_volume_whose_permissions_Kubernetes_opens_to_the_group_is_used_if_the_app_allows_the_group()
    {
        await SignInAsync(Open(allowsGroup: true));
        OpenToGroup();

        Assert.Equal("access-1", await AccessTokenAsync(Open(allowsGroup: true)));
        await new OtherProcess(Open(allowsGroup: true), Key).SaveAsync(new TokenSet("access-2", "refresh-2"));

        Assert.Equal("access-2", await AccessTokenAsync(Open(allowsGroup: true)));
        Assert.All(Directory.GetFiles(Tokens), file => Assert.Equal(GroupFile, File.GetUnixFileMode(file)));
    }

    [Fact]
    [Trait("Case", "B75")]
    public async Task A_registration_takes_the_options_of_the_files()
    {
        await SignInAsync(Open(allowsGroup: true));
        OpenToGroup();
        await using var app = TestApp.Create(services: services => services.AddTokenSession(TestApp.Name)
            .UseFileStore(Tokens, new FileTokenStoreOptions { AllowGroupAccess = true }).AllowUnencryptedStore());

        await app.Session.SignInAsync(new TokenSet("access-3", "refresh-3"));

        Assert.All(Directory.GetFiles(Tokens), file => Assert.Equal(GroupFile, File.GetUnixFileMode(file)));
    }

    [Fact]
    [Trait("Case", "B75")]
    public async Task A_volume_that_the_group_can_use_is_refused_by_default_and_the_message_names_the_option()
    {
        await SignInAsync(Open(allowsGroup: true));
        OpenToGroup();

        var read = await RefusedAsync(() => AccessTokenAsync(Open(allowsGroup: false)));
        var write = await RefusedAsync(() => SignInAsync(Open(allowsGroup: false)));

        Assert.Contains("AllowGroupAccess", read.Message, StringComparison.Ordinal);
        Assert.Contains("AllowGroupAccess", write.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Case", "B75")]
    public async Task A_file_that_the_group_can_use_is_refused_and_the_message_names_the_option()
    {
        await SignInAsync(Open(allowsGroup: false));
        File.SetUnixFileMode(Directory.GetFiles(Tokens, "*.record").Single(), GroupFile);

        var refusal = await RefusedAsync(() => AccessTokenAsync(Open(allowsGroup: false)));

        Assert.Contains("AllowGroupAccess", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    [InlineData(UnixFileMode.OtherExecute)]
    [Trait("Case", "B75")]
    public async Task Permissions_for_all_others_are_refused_also_if_the_app_allows_the_group(UnixFileMode others)
    {
        await SignInAsync(Open(allowsGroup: true));
        var record = Directory.GetFiles(Tokens, "*.record").Single();
        File.SetUnixFileMode(record, GroupFile | others);
        await RefusedAsync(() => AccessTokenAsync(Open(allowsGroup: true)));

        File.SetUnixFileMode(record, GroupFile);
        File.SetUnixFileMode(Tokens, Owner | Group | others);

        await RefusedAsync(() => AccessTokenAsync(Open(allowsGroup: true)));
    }

    [Theory]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite | UnixFileMode.OtherRead | UnixFileMode.OtherExecute)]
    [InlineData(UnixFileMode.GroupRead)]
    [Trait("Case", "S13")]
    public async Task A_directory_that_others_can_use_is_not_read_from(UnixFileMode others)
    {
        await SignInAsync(Open(allowsGroup: false));
        File.SetUnixFileMode(Tokens, Owner | others);
        await using var app = TestApp.Over(Open(allowsGroup: false));

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.GetAccessTokenAsync());

        Assert.Equal(TokenRefreshFailure.Configuration, failure.Failure);
    }

    private FileTokenStore Open(bool allowsGroup) => new(Tokens, new FileTokenStoreOptions { AllowGroupAccess = allowsGroup });

    private static Task<LoginStoreResult> SignInAsync(FileTokenStore store) => new OtherProcess(store, Key).SignInAsync(new TokenSet("access-1", "refresh-1"));

    private static async Task<string?> AccessTokenAsync(FileTokenStore store) => (await new OtherProcess(store, Key).TokensAsync())?.AccessToken;

    private static async Task<TokenStoreConfigurationException> RefusedAsync(Func<Task> operation) =>
        Assert.IsType<TokenStoreConfigurationException>((await Assert.ThrowsAsync<StoreException>(operation)).Cause);

    // As the kubelet does for fsGroup when a pod starts.
    private void OpenToGroup()
    {
        File.SetUnixFileMode(Tokens, Owner | Group | UnixFileMode.SetGroup);
        foreach (var file in Directory.GetFiles(Tokens))
        {
            File.SetUnixFileMode(file, GroupFile);
        }
    }
}
