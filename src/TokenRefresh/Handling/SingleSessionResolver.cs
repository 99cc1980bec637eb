namespace TokenRefresh.Handling;

/// <summary>One session for every request: that of a handler that is created without dependency injection.</summary>
internal sealed class SingleSessionResolver(TokenSession session) : SessionResolver
{
    protected override SessionTarget Target { get; } = new SingleTarget(session);

    private sealed class SingleTarget(TokenSession session) : SessionTarget(session.Context.Services)
    {
        public override TokenSession? FindSession(HttpRequestMessage request)
        {
            if (Services.IsRemoved)
            {
                throw Removed(session.Name);
            }

            return RequestState.UserOf(request) is { } user && user != session.UserKey
                ? throw new TokenRefreshException(
                    TokenRefreshFailure.Configuration,
                    "UseTokenUser named a user for a request, but its handler was created without dependency injection for session "
                    + $"'{session.Name}', which isn't that user's. Create a handler for that user's session, or register the client with "
                    + "AddTokenRefreshHandler.")
                : session;
        }

        protected override AllowedOrigins ReadOrigins() => AllowedOrigins.ForSession(Services.Options, session.Name);
    }
}
