using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;

namespace TokenRefresh.EntityFrameworkCore;

/// <summary>Inserts a row that counts as missing.</summary>
/// <remarks>It is a statement, so that no SaveChanges of the app and none of its interceptors for saving run.</remarks>
internal static class ExpiredRow
{
    public static async Task InsertAsync(DbContext context, string name, CancellationToken cancellationToken)
    {
        var sql = context.GetService<ISqlGenerationHelper>();
        var entity = context.Model.FindEntityType(typeof(TokenSessionEntity))!;
        var table = StoreObjectIdentifier.Create(entity, StoreObjectType.Table)!.Value;
        var columns = new List<string>();
        var parameters = new List<DbParameter>();
        using var command = context.Database.GetDbConnection().CreateCommand();
        foreach (var property in entity.GetProperties().Where(NeedsValue))
        {
            if (property.GetColumnName(table) is { } column)
            {
                columns.Add(sql.DelimitIdentifier(column));
                parameters.Add(property.GetRelationalTypeMapping().CreateParameter(
                    command, sql.GenerateParameterName($"p{parameters.Count}"), ValueOf(property, name)));
            }
        }

        var target = sql.DelimitIdentifier(table.Name, table.Schema);
        var values = string.Join(", ", parameters.Select((_, index) => $"{{{index}}}"));
        var statement = $"INSERT INTO {Escape(target)} ({Escape(string.Join(", ", columns))}) VALUES ({values})";
        await context.Database.CreateExecutionStrategy().ExecuteAsync(
            repeatable => context.Database.ExecuteSqlRawAsync(statement, parameters, repeatable), cancellationToken).ConfigureAwait(false);
    }

    private static bool NeedsValue(IProperty property) => IsOwn(property)
        || (!property.IsNullable && property.ValueGenerated == ValueGenerated.Never);

    private static bool IsOwn(IProperty property) => property.PropertyInfo?.DeclaringType == typeof(TokenSessionEntity);

    // The table can have columns that the app gives all its tables.
    private static object? ValueOf(IProperty property, string name) => property.Name switch
    {
        nameof(TokenSessionEntity.Key) => name,
        _ when property.ClrType == typeof(string) => IsOwn(property) ? "-" : "",
        _ when property.ClrType == typeof(DateTime) || property.ClrType == typeof(DateTime?) => DateTime.UnixEpoch,
        _ => property.Sentinel,
    };

    private static string Escape(string identifiers) =>
        identifiers.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal);
}
