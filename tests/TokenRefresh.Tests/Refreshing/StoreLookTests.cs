using TokenRefresh.Refreshing;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Refreshing;

/// <summary>A look into the store: what it reads, what it publishes, and what its caller gets if the store fails.</summary>
public sealed class StoreLookTests
{
    private readonly MemoryTokenStore _records = new();

    [Fact]
    public async Task A_store_that_fails_is_logged_and_the_caller_gets_an_exception()
    {
        using var log = new CapturingLoggerProvider();
        var store = new FailingStore(_records);
        await using var app = TestApp.Over(store, services: log.Add);
        await app.SignInAsync();
        store.IsAway = true;

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.LookIntoStoreAsync(CancellationToken.None));

        Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);
        Assert.Single(log.Messages, message => message.EventName == "StoreFailed");
    }

    [Fact]
    public async Task A_look_that_is_cancelled_throws_the_cancellation_and_logs_nothing()
    {
        using var log = new CapturingLoggerProvider();
        var store = new GatedReads(_records);
        await using var app = TestApp.Over(store, services: log.Add);
        await app.SignInAsync();
        store.Gate = new Gate();
        using var cancelled = new CancellationTokenSource();
        var look = app.Session.LookIntoStoreAsync(cancelled.Token);
        await store.Gate.ArrivedAsync(1);

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => look);
        Assert.DoesNotContain(log.Messages, message => message.EventName == "StoreFailed");
    }

    [Fact]
    public async Task Without_a_store_there_is_nothing_to_read()
    {
        await using var app = TestApp.Create();

        Assert.False(await new StoreLook(app.Session.Context).ReadAsync(CancellationToken.None));
    }

    [Fact]
    public async Task The_token_of_a_client_is_not_read()
    {
        var store = new GatedReads(_records) { Gate = new Gate() };
        await using var app = TestApp.Over(store, options =>
        {
            options.GrantType = TokenGrantType.ClientCredentials;
            options.ClientSecret = "secret";
        });

        Assert.False(await new StoreLook(app.Session.Context).ReadAsync(CancellationToken.None));

        Assert.Equal(0, store.Gate.Arrived);
    }

    [Fact]
    public async Task A_disposed_session_reads_nothing()
    {
        var store = new GatedReads(_records);
        await using var app = TestApp.Over(store);
        var context = app.Session.Context;
        await app.Services.DisposeAsync();
        store.Gate = new Gate();

        Assert.False(await new StoreLook(context).ReadAsync(CancellationToken.None));

        Assert.Equal(0, store.Gate.Arrived);
    }

    [Fact]
    public async Task A_session_whose_sign_out_is_being_written_reads_nothing()
    {
        var reads = new GatedReads(_records);
        var store = new SlowSignOuts(reads);
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        var signOut = app.Session.SignOutAsync();
        await store.SignOuts.ArrivedAsync(1);
        reads.Gate = new Gate();

        Assert.False(await new StoreLook(app.Session.Context).ReadAsync(CancellationToken.None));

        Assert.Equal(0, reads.Gate.Arrived);
        reads.Gate = null;
        store.SignOuts.Open();
        await signOut;
    }

    [Fact]
    public async Task A_session_whose_sign_out_could_not_be_saved_reads_a_later_login_and_not_its_own()
    {
        var store = new FailingStore(_records);
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        store.IsAway = true;
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.SignOutAsync());
        store.IsAway = false;

        Assert.True(await new StoreLook(app.Session.Context).ReadAsync(CancellationToken.None));
        Assert.Equal(TokenSessionState.SignedOut, app.Session.State);

        await _records.Other().SignInAsync(app.Tokens.Issue());
        Assert.True(await new StoreLook(app.Session.Context).ReadAsync(CancellationToken.None));
        Assert.Equal(TokenSessionState.SignedIn, app.Session.State);
    }

    [Fact]
    public async Task A_session_with_unsaved_tokens_reads_nothing()
    {
        var failing = new FailingStore(_records);
        var store = new GatedReads(failing);
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        failing.SavesFail = true;
        await app.Session.RefreshAsync();
        store.Gate = new Gate();

        Assert.False(await new StoreLook(app.Session.Context).ReadAsync(CancellationToken.None));

        Assert.Equal(0, store.Gate.Arrived);
        store.Gate = null;
        await app.Session.SignOutAsync();
    }

    [Fact]
    public async Task A_session_that_changes_during_the_read_is_compared_with_the_record_again()
    {
        var store = new GatedReads(_records);
        await using var app = TestApp.Over(store);
        await _records.Other().SignInAsync(app.Tokens.Issue(), LoginId.New().ToString());
        var gate = store.Gate = new Gate();
        var look = new StoreLook(app.Session.Context).ReadAsync(CancellationToken.None);
        await gate.ArrivedAsync(1);

        // A request loads the login first. It ends before the look reads it.
        store.Gate = null;
        await app.Session.GetAccessTokenAsync();
        await _records.Other().EndAsync();
        gate.Open();

        Assert.True(await look);
        Assert.Equal(TokenSessionState.ReLoginRequired, app.Session.State);
    }

    [Fact]
    public async Task A_state_that_was_read_is_trusted_for_a_second_from_the_beginning_of_the_read()
    {
        var store = new GatedReads(_records);
        await using var app = TestApp.Over(store);
        var gate = store.Gate = new Gate();
        var look = new StoreLook(app.Session.Context).ReadAsync(CancellationToken.None);
        await gate.ArrivedAsync(1);
        app.Time.Advance(TimeSpan.FromSeconds(1));
        gate.Open();
        Assert.True(await look);
        Assert.Equal(TokenSessionState.SignedOut, app.Session.State);

        await _records.Other().SignInAsync(app.Tokens.Issue());

        Assert.Equal("access-1", await app.Session.GetAccessTokenAsync());
    }
}
