using System.Reflection;
using System.Text.Json;
using RedisLite.Engine;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

/// <summary>Every row of our table says what redis-server 7.2.6 says of the command; only summaries and other texts are our own.</summary>
public class CommandTableFactsTests
{
    private static readonly Dictionary<string, JsonElement> Commands = LoadCommands();
    private static readonly Dictionary<string, JsonElement> Docs = LoadDocs();

    public static TheoryData<string> Names() => new(CommandCatalog.Create().All.Select(spec => spec.FullName));

    [Theory]
    [MemberData(nameof(Names))]
    public void Row_agrees_with_redis(string name)
    {
        var spec = CommandCatalog.Create().FindOriginal(name)!;
        Assert.NotEmpty(spec.Summary);
        Assert.NotEmpty(spec.Complexity);
        Assert.True(spec.IsContainer || spec.Handler is not null, "a command without a handler");

        if (!Commands.TryGetValue(name, out var facts))
        {
            Assert.True(Version.Parse(spec.Since) > new Version(7, 2, 6), "redis-server 7.2.6 does not know this command");
            CommandSyntax.Parse(spec.Syntax);
            return;
        }

        Assert.Equal(Facts(facts), Facts(spec));
        Assert.Equal(Documentation(Docs[name]), Documentation(spec));
        Assert.Equal(Docs[name].TryGetProperty("replaced_by", out _), spec.ReplacedBy is not null);
        if (Array.Exists(spec.Keys, k => k.Search == KeySearch.Unknown || (k.Flags & (KeyFlags.VariableFlags | KeyFlags.Incomplete)) != 0))
            Assert.NotNull(spec.KeyFinder);
    }

    /// <summary>docs/compatibility.md names each command and subcommand of redis-server 7.2.6 that is not in the table, and no other.</summary>
    [Fact]
    public void What_is_missing_stands_in_the_documentation()
    {
        var ours = CommandCatalog.Create().All.Select(spec => spec.FullName).ToHashSet();
        var missing = Commands.Keys.Where(name => !ours.Contains(name)).Order(StringComparer.Ordinal);
        var text = File.ReadAllText(Path.Combine(Repository.Root, "docs", "compatibility.md"));
        var table = text[text.IndexOf(MissingTitle, StringComparison.Ordinal)..];
        table = table[..table.IndexOf("\n## ", 1, StringComparison.Ordinal)];
        var documented = table.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(line => line.Split('|', 3)[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(name => name.Trim('`').ToLowerInvariant().Replace(' ', '|'));
        Assert.Equal(missing, documented.Order(StringComparer.Ordinal));
    }

    private const string MissingTitle = "## Commands of 7.2 that are missing";

    [Fact]
    public void History_is_of_commands_that_redis_knows_and_in_order()
    {
        foreach (var name in CommandHistory.Commands)
        {
            Assert.Contains(name, Docs.Keys);
            var versions = CommandHistory.Of(name).Select(entry => Version.Parse(entry.Version)).ToArray();
            Assert.NotEmpty(versions);
            Assert.Equal(versions.Order(), versions);
        }
    }

    private static string Facts(CommandSpec spec) => string.Join('\n',
        $"arity {spec.Arity}",
        $"flags {string.Join(' ', CommandFlagNames.Of(spec.Flags))}",
        $"keys {spec.FirstKey} {spec.LastKey} {spec.KeyStep}",
        $"acl {string.Join(' ', AclCategories.Of(spec.Acl).Select(c => "@" + c))}",
        $"tips {string.Join(' ', spec.Tips)}",
        string.Join('\n', spec.Keys.Select(KeySpecText)));

    private static string KeySpecText(KeySpec keys) => string.Join(' ', KeyFlagNames.Of(keys.Flags)) + " / "
        + keys.Search switch
        {
            KeySearch.Index => $"index index={keys.Index}",
            KeySearch.Keyword => $"keyword keyword={keys.Keyword} startfrom={keys.StartFrom}",
            _ => "unknown ",
        } + " / "
        + keys.Find switch
        {
            KeyFind.Range => $"range lastkey={keys.LastKey} keystep={keys.Step} limit={keys.Limit}",
            KeyFind.KeyNum => $"keynum keynumidx={keys.KeyNumIndex} firstkey={keys.FirstKey} keystep={keys.Step}",
            _ => "unknown ",
        };

    private static string Facts(JsonElement facts) => string.Join('\n',
        $"arity {facts.GetProperty("arity").GetInt32()}",
        $"flags {Words(facts, "flags")}",
        $"keys {facts.GetProperty("first_key").GetInt32()} {facts.GetProperty("last_key").GetInt32()} {facts.GetProperty("step").GetInt32()}",
        $"acl {Words(facts, "acl")}",
        $"tips {Words(facts, "tips")}",
        string.Join('\n', facts.GetProperty("key_specs").EnumerateArray().Select(k =>
            $"{Words(k, "flags")} / {Search(k.GetProperty("begin_search"))} / {Search(k.GetProperty("find_keys"))}")));

    private static string Search(JsonElement search) =>
        $"{search.GetProperty("type").GetString()} {string.Join(' ', search.GetProperty("spec").EnumerateObject().Select(p => $"{p.Name}={p.Value}"))}";

    private static string Documentation(CommandSpec spec) => string.Join('\n',
        $"since {spec.Since}",
        $"group {spec.Group}",
        $"deprecated {spec.DeprecatedSince}",
        $"system {spec.Has(CommandFlags.SystemCommand)}",
        Arguments(CommandSyntax.Parse(spec.Syntax), ""));

    private static string Documentation(JsonElement docs) => string.Join('\n',
        $"since {Text(docs, "since")}",
        $"group {Text(docs, "group")}",
        $"deprecated {Text(docs, "deprecated_since")}",
        $"system {Words(docs, "doc_flags") == "syscmd"}",
        docs.TryGetProperty("arguments", out var arguments) ? Arguments(arguments, "") : "");

    /// <summary>Options that came after 7.2.6 are marked with their version, and are not compared.</summary>
    private static string Arguments(CommandArgument[] arguments, string indent) => string.Concat(arguments.Where(a => !IsNewer(a.Since)).Select(a =>
        $"{indent}{a.Name} {CommandSyntax.NameOf(a.Type)} shown {a.DisplayText} token {(a.Token is null ? "" : $"'{a.Token}'")} spec {a.KeySpecIndex} "
        + $"since {a.Since} {string.Join(' ', a.Flags)}\n{Arguments(a.Arguments, indent + "  ")}"));

    private static bool IsNewer(string? since) => since is not null && Version.Parse(since) > new Version(7, 2, 6);

    private static string Arguments(JsonElement arguments, string indent) => string.Concat(arguments.EnumerateArray().Select(a =>
        $"{indent}{Text(a, "name")} {Text(a, "type")} shown {Text(a, "display_text")} token {(a.TryGetProperty("token", out var token) ? $"'{token}'" : "")} "
        + $"spec {(a.TryGetProperty("key_spec_index", out var index) ? index.GetInt32() : -1)} since {Text(a, "since")} {Words(a, "flags")}\n"
        + (a.TryGetProperty("arguments", out var inner) ? Arguments(inner, indent + "  ") : "")));

    private static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString()! : "";

    private static string Words(JsonElement element, string name) =>
        element.TryGetProperty(name, out var words) ? string.Join(' ', words.EnumerateArray().Select(w => w.GetString())) : "";

    private static Dictionary<string, JsonElement> LoadCommands()
    {
        var commands = new Dictionary<string, JsonElement>();
        foreach (var command in Load("redis-7.2.6.commands.json").EnumerateArray())
        {
            commands.Add(command.GetProperty("name").GetString()!, command);
            if (!command.TryGetProperty("subcommands", out var subs)) continue;
            foreach (var sub in subs.EnumerateArray()) commands.Add(sub.GetProperty("name").GetString()!, sub);
        }
        return commands;
    }

    private static Dictionary<string, JsonElement> LoadDocs()
    {
        var docs = new Dictionary<string, JsonElement>();
        foreach (var command in Load("redis-7.2.6.arguments.json").EnumerateObject())
        {
            docs.Add(command.Name, command.Value);
            if (!command.Value.TryGetProperty("subcommands", out var subs)) continue;
            foreach (var sub in subs.EnumerateObject()) docs.Add(sub.Name, sub.Value);
        }
        return docs;
    }

    private static JsonElement Load(string name)
    {
        using var file = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        return JsonDocument.Parse(file).RootElement.Clone();
    }
}
