namespace TokenRefresh.Protocol;

/// <summary>Lets the app interpret a response, and keeps a new refresh token however the app interprets it.</summary>
internal static class ResponseInterpreter
{
    /// <param name="options">The options, which may hold <see cref="TokenRefreshOptions.InterpretTokenResponse"/>.</param>
    /// <param name="response">The response, for its headers.</param>
    /// <param name="read">The response as far as it was read.</param>
    /// <param name="byProtocol">What the response means by the protocol.</param>
    public static TokenEndpointResult Interpret(
        TokenRefreshOptions options, HttpResponseMessage response, TokenResponse read, TokenEndpointResult byProtocol)
    {
        if (options.InterpretTokenResponse is not { } interpret)
        {
            return byProtocol;
        }

        var newRefreshToken = byProtocol.Tokens?.RefreshToken ?? byProtocol.NewRefreshToken;
        try
        {
            return interpret(new TokenEndpointResponse(response, read.Fields)) is { } result
                ? result.KeepNewRefreshToken(newRefreshToken)
                : byProtocol;
        }
        catch (Exception e)
        {
            // The app's exception may quote the response, so only its type is passed on.
            var failed = TokenEndpointResult.Misconfigured(
                $"the option InterpretTokenResponse threw {e.GetType().Name}. Correct that function, or return null for the default.",
                newRefreshToken: newRefreshToken);
            return byProtocol.RefreshTokenMayBeUsed ? failed.AsPossiblyUsed() : failed;
        }
    }
}
