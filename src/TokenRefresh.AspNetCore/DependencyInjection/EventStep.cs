namespace TokenRefresh.AspNetCore.DependencyInjection;

/// <summary>A step of this package around an event of the app.</summary>
internal sealed class EventStep<TContext>
{
    private readonly Func<TContext, Task> _own;
    private readonly Func<TContext, Func<TContext, Task>, Task> _step;

    private EventStep(Func<TContext, Task> own, Func<TContext, Func<TContext, Task>, Task> step)
    {
        _own = own;
        _step = step;
    }

    /// <summary>
    /// Adds the step once. Schemes may share an events object, and a change of the configuration creates options again with the same one.
    /// </summary>
    public static Func<TContext, Task> Around(Func<TContext, Task> own, Func<TContext, Func<TContext, Task>, Task> step) =>
        own.Target is EventStep<TContext> ? own : new EventStep<TContext>(own, step).RunAsync;

    private Task RunAsync(TContext context) => _step(context, _own);
}
