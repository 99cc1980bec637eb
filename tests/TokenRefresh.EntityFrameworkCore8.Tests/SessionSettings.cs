using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace TokenRefresh.EntityFrameworkCore8.Tests;

/// <summary>Sets variables of each connection when it is opened, as an app's interceptor does.</summary>
internal sealed class SessionSettings(string statement) : DbConnectionInterceptor
{
    public override async Task ConnectionOpenedAsync(
        DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // A constant of a test.
        command.CommandText = statement;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
