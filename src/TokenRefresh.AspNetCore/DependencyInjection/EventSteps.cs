using System.Runtime.CompilerServices;

namespace TokenRefresh.AspNetCore.DependencyInjection;

/// <summary>Adds steps of this package around the events of the app.</summary>
internal static class EventSteps
{
    /// <summary>
    /// Copies an events object, also one of a derived class. The app may give its object to several schemes and set its events again for
    /// each. In the copy that replaces no step, and no step runs twice.
    /// </summary>
    public static T CopyOf<T>(T events)
        where T : class => (T)MemberwiseClone(events);

    /// <summary>Adds a step, which calls the app's own event.</summary>
    public static Func<TContext, Task> Around<TContext>(Func<TContext, Task> own, Func<TContext, Func<TContext, Task>, Task> step) =>
        context => step(context, own);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = nameof(MemberwiseClone))]
    private static extern object MemberwiseClone(object original);
}
