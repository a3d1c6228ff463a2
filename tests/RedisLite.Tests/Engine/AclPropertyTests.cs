using System.Reflection;
using System.Text;
using System.Text.Json;
using RedisLite.Engine;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

/// <summary>What holds for every list of rules.</summary>
public class AclPropertyTests
{
    private static readonly string[] Words =
    [
        "on", "off", "nopass", "resetpass", "reset", "allkeys", "resetkeys", "allchannels", "resetchannels", "allcommands", "nocommands", "clearselectors",
        "sanitize-payload", "skip-sanitize-payload", ">p", "<p", ">q", "#2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881", "#12", "~*", "~a*", "%R~b",
        "%W~b", "%RW~c", "%r~*", "&*", "&c", "&d*", "+@all", "-@all", "+@hash", "-@string", "+@slow", "-@nosuch", "+get", "-GET", "+config", "+config|get",
        "-config|set", "+config|nosuch", "+select|0", "+select|1", "-select|0", "+get|Ab", "(", ")", "()", "(+get", "~x)", "(+@all", "(%R~a", "-@write", "&e)", "(~z +set)",
        "zork", "%", "%R", "~", "&", "", "+", "-", "!", "<", ">", "\"", "'", "(\"~q\" +get)",
    ];

    private static List<string> RandomRules(Random random)
    {
        var rules = new List<string>();
        for (var count = random.Next(1, 9); count > 0; count--) rules.Add(random.Next(8) == 0 ? Noise(random) : Words[random.Next(Words.Length)]);
        return rules;
    }

    private static string Noise(Random random)
    {
        const string letters = "+-~&%#!<>()@|*?[]\\^ \t\0\"'abRW0é\u00ff";
        var text = new char[random.Next(1, 12)];
        for (var i = 0; i < text.Length; i++) text[i] = letters[random.Next(letters.Length)];
        return random.Next(3) == 0 ? Words[random.Next(Words.Length)] + new string(text) : new string(text);
    }

    private static string Call(TestEngine redis, params string[] args) => Encoding.Latin1.GetString(redis.RunRaw([.. args.Select(Encoding.Latin1.GetBytes)]));

    /// <summary>The line of a user without "user name", as words.</summary>
    private static string[] RulesOf(TestEngine redis, string name)
    {
        var list = Call(redis, "ACL", "LIST");
        var start = list.IndexOf($"user {name} ", StringComparison.Ordinal) + 6 + name.Length;
        return list[start..list.IndexOf("\r\n", start, StringComparison.Ordinal)].Split(' ');
    }

    [Fact]
    public void A_refused_setuser_changes_nothing_and_a_listed_user_can_be_made_again()
    {
        var (accepted, refused) = (0, 0);
        for (var seed = 0; seed < 40 * LongRun.Factor; seed++)
        {
            var random = new Random(seed);
            var redis = new TestEngine(seed: seed);
            for (var round = 0; round < 40; round++)
            {
                var before = Call(redis, "ACL", "LIST");
                var rules = RandomRules(random);
                var reply = Call(redis, ["ACL", "SETUSER", "u", .. rules]);
                if (reply.StartsWith('-'))
                {
                    Assert.True(before == Call(redis, "ACL", "LIST"), $"seed {seed}: changed by {string.Join(' ', rules)}");
                    refused++;
                    continue;
                }

                accepted++;
                Assert.Equal("+OK\r\n", reply);
                var listed = RulesOf(redis, "u");
                Assert.True(Call(redis, ["ACL", "SETUSER", "copy", "reset", .. listed]) == "+OK\r\n", $"seed {seed}: cannot be made again: {string.Join(' ', listed)}");
                Assert.Equal(listed, RulesOf(redis, "copy"));
                Assert.Equal(Permissions(redis, "u"), Permissions(redis, "copy"));
                Call(redis, "ACL", "DELUSER", "copy");
            }
        }
        Assert.True(accepted > 100 && refused > 100, $"{accepted} accepted, {refused} refused");
    }

    private static readonly string[][] Requests =
    [
        ["GET", "a1"], ["GET", "b"], ["SET", "b", "1"], ["SET", "c", "1", "GET"], ["MGET", "a1", "z"], ["CONFIG", "GET", "x"], ["CONFIG", "SET", "x", "y"], ["SELECT", "0"], ["SELECT", "2"],
        ["PUBLISH", "c", "x"], ["PSUBSCRIBE", "d*"], ["SUBSCRIBE", "dx", "c"], ["HSET", "a1", "f", "v"], ["EXISTS", "b"], ["KEYS", "*"], ["GET", "ab"],
    ];

    private static string Permissions(TestEngine redis, string name) =>
        string.Concat(Requests.Select(request => Call(redis, ["ACL", "DRYRUN", name, .. request]).Replace($"User {name} ", "User ", StringComparison.Ordinal).Split("\r\n")[^2]));

    /// <summary>An account with one category may run exactly the commands that redis-server 7.2.6 puts in it (all parts of a container go with it), without it exactly the others.</summary>
    [Fact]
    public void Categories_allow_and_deny_the_commands_that_redis_puts_in_them()
    {
        var categories = LoadCategories();
        var redis = new TestEngine();
        var accounts = redis.Engine.Accounts;
        foreach (var name in AclCategories.Names)
        {
            redis.Run($"ACL SETUSER with reset -@all +@{name}");
            redis.Run($"ACL SETUSER without reset +@all -@{name}");
            foreach (var spec in redis.Engine.Commands.All)
            {
                if (!categories.TryGetValue(spec.FullName, out var own)) continue;
                var isMember = own.Contains("@" + name) || (spec.Parent is { } parent && categories[parent.FullName].Contains("@" + name));
                Assert.Equal((spec.FullName, name, isMember || spec.Has(CommandFlags.NoAuth)), (spec.FullName, name, IsAllowed("with", spec)));
                Assert.Equal((spec.FullName, name, isMember && !spec.Has(CommandFlags.NoAuth)), (spec.FullName, name, !IsAllowed("without", spec)));
            }
        }

        bool IsAllowed(string user, CommandSpec spec)
        {
            if (spec.IsContainer) return accounts.Find(user)!.Root.Commands.Allows(spec, default);
            var request = $"{spec.FullName.Replace('|', ' ')} {string.Join(' ', Enumerable.Repeat("1", Math.Abs(spec.Arity) - (spec.Parent is null ? 1 : 2)))}";
            return !redis.Run($"ACL DRYRUN {user} {request}").EndsWith($"has no permissions to run the '{spec.FullName}' command", StringComparison.Ordinal);
        }
    }

    private static Dictionary<string, string[]> LoadCategories()
    {
        using var file = Assembly.GetExecutingAssembly().GetManifestResourceStream("redis-7.2.6.commands.json")!;
        var categories = new Dictionary<string, string[]>();
        foreach (var command in JsonDocument.Parse(file).RootElement.EnumerateArray())
        {
            Add(command);
            if (command.TryGetProperty("subcommands", out var subs))
                foreach (var sub in subs.EnumerateArray()) Add(sub);
        }
        return categories;

        void Add(JsonElement command) =>
            categories.Add(command.GetProperty("name").GetString()!, [.. command.GetProperty("acl").EnumerateArray().Select(word => word.GetString()!)]);
    }
}
