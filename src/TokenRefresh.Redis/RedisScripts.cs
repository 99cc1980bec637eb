using System.IO;
using System.Text;
using StackExchange.Redis;

namespace TokenRefresh.Redis;

/// <summary>The operations as Lua: what they share, and then each one's own.</summary>
internal static class RedisScripts
{
    private static readonly string Record = Load("record");

    public static readonly string Read = Record + Load("read");
    public static readonly string Begin = Record + Load("begin");
    public static readonly string Commit = Record + Load("commit");
    public static readonly string Fail = Record + Load("fail");
    public static readonly string SignIn = Record + Load("signin");
    public static readonly string SignOut = Record + Load("signout");

    /// <summary>The fields by which a follower sees that something has changed.</summary>
    public static readonly RedisValue[] VersionAndOwner = ["v", "o"];

    private static string Load(string name)
    {
        using var stream = typeof(RedisScripts).Assembly.GetManifestResourceStream(name + ".lua")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
