using System.Net;

namespace TokenRefresh.Samples.Documentation;

/// <summary>docs/failures.md.</summary>
public static class Failures
{
    public static void Atlassian(TokenRefreshOptions o)
    {
        // Atlassian: 403 unauthorized_client for a dead refresh token.
        o.InterpretTokenResponse = r => r.GetString("error") == "unauthorized_client" ? TokenEndpointResult.Rejected("unauthorized_client") : null;
    }

    public static void InvalidRequest(TokenRefreshOptions o)
    {
        // Shopify and others: 400 or 401 invalid_request. The request itself is valid: it has worked before.
        o.InterpretTokenResponse = r => r.GetString("error") == "invalid_request" ? TokenEndpointResult.Rejected("invalid_request") : null;
    }

    public static void DeletedUser(TokenRefreshOptions o)
    {
        // Simple JWT 5.4: 500 for a user that was deleted.
        o.InterpretTokenResponse = r => r.StatusCode == HttpStatusCode.InternalServerError ? TokenEndpointResult.Rejected("user_deleted") : null;
    }
}
