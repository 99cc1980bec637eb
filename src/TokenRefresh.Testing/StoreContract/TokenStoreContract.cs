namespace TokenRefresh.Testing;

/// <summary>
/// The rules that every <see cref="ITokenStore"/> must follow, for any test framework. To test your own store, derive from this class,
/// implement <see cref="Open"/> and <see cref="AdvanceTimeAsync"/>, and run <see cref="CheckAsync"/> for each of the <see cref="Rules"/>.
/// </summary>
/// <remarks>Each rule uses records of its own, so rules can run concurrently over one server.</remarks>
public abstract class TokenStoreContract
{
    /// <summary>The names of the rules. Each is a sentence. Run one test for each rule.</summary>
    public static IReadOnlyList<string> Rules { get; } = [.. TokenStoreRules.All.Select(rule => rule.Name.Replace('_', ' '))];

    /// <summary>The time that a rule waits for, where a wait is needed.</summary>
    /// <value>The default is 300 milliseconds. Use more for a slow store. With a clock of the test any time fits.</value>
    protected internal virtual TimeSpan ShortTime => TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// Opens the store. Each call acts as another process: return a new object, or the same one for a store of one process.
    /// </summary>
    /// <returns>The store.</returns>
    protected internal abstract ITokenStore Open();

    /// <summary>Opens the store so that it receives no notification.</summary>
    /// <returns>The store, or <see langword="null"/> if it has no notifications and polls anyway.</returns>
    protected internal virtual ITokenStore? OpenWithoutNotifications() => null;

    /// <summary>Lets time pass by the store's clock: moves a fake clock, or waits.</summary>
    /// <param name="time">How long.</param>
    /// <returns>A task that completes when the time has passed.</returns>
    protected internal abstract Task AdvanceTimeAsync(TimeSpan time);

    /// <summary>Checks one rule.</summary>
    /// <param name="rule">One of <see cref="Rules"/>.</param>
    /// <returns>A task that completes when the rule is checked.</returns>
    /// <exception cref="TokenAssertionException">The store breaks the rule.</exception>
    /// <exception cref="ArgumentException">There is no such rule.</exception>
    public async Task CheckAsync(string rule)
    {
        Require.NotNull(rule, nameof(rule));
        var method = TokenStoreRules.All.FirstOrDefault(candidate => candidate.Name == rule.Replace(' ', '_'))
            ?? throw new ArgumentException($"There is no rule \"{rule}\".", nameof(rule));
        try
        {
            await (Task)method.Invoke(new TokenStoreRules(this), null)!;
        }
        catch (TokenAssertionException e)
        {
            throw new TokenAssertionException($"The store breaks a rule: {rule}. {e.Message}", e);
        }
    }
}
