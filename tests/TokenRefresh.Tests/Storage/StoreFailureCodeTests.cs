using System.Data.Common;
using TokenRefresh.Storage;

namespace TokenRefresh.Tests.Storage
{
    /// <summary>A store's failure is named by its type and code, and by nothing of its message.</summary>
    [Trait("Case", "S13")]
    public sealed class StoreFailureCodeTests
    {
        [Theory]
        [InlineData("25006", "DatabaseException, SQL state 25006")]
        [InlineData(null, "DatabaseException")]
        public void A_database_gives_its_state_also_from_inside(string? state, string description)
        {
            var failure = new InvalidOperationException("An error occurred.", new DatabaseException(state));

            Assert.Equal(description, StoreException.Describe(failure));
        }

        [Theory]
        [InlineData("OOM command not allowed", "RedisServerException, OOM")]
        [InlineData("READONLY", "RedisServerException, READONLY")]
        [InlineData("user secret-name", "RedisServerException")]
        [InlineData("A secret", "RedisServerException")]
        [InlineData("", "RedisServerException")]
        public void Redis_gives_the_code_that_its_answer_begins_with(string message, string description) =>
            Assert.Equal(description, StoreException.Describe(new StackExchange.Redis.RedisServerException(message)));

        [Fact]
        public void Another_exception_gives_its_type_alone() =>
            Assert.Equal("TimeoutException", StoreException.Describe(new TimeoutException("OOM secret")));

        private sealed class DatabaseException(string? state) : DbException("secret")
        {
            public override string? SqlState => state;
        }
    }
}

namespace StackExchange.Redis
{
    /// <summary>The package under test knows this type by its name only.</summary>
    internal sealed class RedisServerException(string message) : Exception(message);
}
