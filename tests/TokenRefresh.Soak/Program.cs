using System.Globalization;
using TokenRefresh.Soak;

// Without "node": the supervisor, which starts this very program again for each node.
if (args is ["node", var redis, var api, var tokens])
{
    await new Node(redis, new Uri(api), new Uri(tokens)).RunAsync();
    return 0;
}

var minutes = args is ["--minutes", var wanted] ? double.Parse(wanted, CultureInfo.InvariantCulture) : 30;
return await new Supervisor(TimeSpan.FromMinutes(minutes)).RunAsync() ? 0 : 1;
