using System.Collections.Concurrent;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace TokenRefresh.AspNetCore.Tests.Support;

/// <summary>The ticket store of an app.</summary>
internal sealed class AppTickets : ITicketStore
{
    private readonly ConcurrentDictionary<string, AuthenticationTicket> _tickets = new(StringComparer.Ordinal);

    public int Renewals { get; private set; }

    public IEnumerable<string?> Users => _tickets.Values.Select(ticket => ticket.Principal.FindFirst("name")?.Value);

    public string KeyOf(string user) => _tickets.Single(ticket => ticket.Value.Principal.FindFirst("name")?.Value == user).Key;

    public Task<string> StoreAsync(AuthenticationTicket ticket)
    {
        var key = Guid.NewGuid().ToString();
        _tickets[key] = ticket;
        return Task.FromResult(key);
    }

    public Task RenewAsync(string key, AuthenticationTicket ticket)
    {
        _tickets[key] = ticket;
        Renewals++;
        return Task.CompletedTask;
    }

    public Task<AuthenticationTicket?> RetrieveAsync(string key) => Task.FromResult(_tickets.GetValueOrDefault(key));

    public Task RemoveAsync(string key)
    {
        _tickets.TryRemove(key, out _);
        return Task.CompletedTask;
    }
}
