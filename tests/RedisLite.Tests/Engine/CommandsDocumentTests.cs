using System.Text;
using RedisLite.Engine;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

/// <summary>docs/commands.md is printed from the command table. Run with REDISLITE_WRITE_DOCS=1 to write it anew.</summary>
public class CommandsDocumentTests
{
    private static readonly (string Group, string Title)[] Groups =
    [
        ("string", "Strings"), ("generic", "Keys"), ("hash", "Hashes"), ("list", "Lists"), ("set", "Sets"), ("sorted-set", "Sorted sets"),
        ("stream", "Streams"), ("geo", "Geo"), ("bitmap", "Bitmaps"), ("hyperloglog", "HyperLogLog"), ("pubsub", "Publish and subscribe"),
        ("transactions", "Transactions"), ("scripting", "Scripts and functions"), ("connection", "Connections"), ("server", "Server"),
        ("cluster", "Cluster"),
    ];

    [Fact]
    public void Document_is_current()
    {
        var path = Path.Combine(Repository.Root, "docs", "commands.md");
        var document = Document(CommandCatalog.Create());
        if (Environment.GetEnvironmentVariable("REDISLITE_WRITE_DOCS") == "1") File.WriteAllText(path, document);
        Assert.True(File.Exists(path) && File.ReadAllText(path) == document,
            "docs/commands.md is not what the command table says: run this test once with REDISLITE_WRITE_DOCS=1 and commit the file");
    }

    [Fact]
    public void Document_names_every_command()
    {
        var table = CommandCatalog.Create();
        var document = Document(table);
        foreach (var spec in table.All.Where(s => !s.IsContainer || s.Handler is not null))
            Assert.Contains($"| `{Title(spec)}", document, StringComparison.Ordinal);
        Assert.All(table.All, spec => Assert.Contains(Groups, g => g.Group == spec.Group));
    }

    [Theory]
    [InlineData("key value [condition: NX | XX]@2.6.12 [GET@6.2.0] [expiration: EX seconds | KEEPTTL]", "key value [NX | XX] [GET] [EX seconds | KEEPTTL]")]
    [InlineData("key <data: field value [field value ...]>", "key field value [field value ...]")]
    [InlineData("destination numkeys key [key ...] [WEIGHTS weight [weight ...]]", "destination numkeys key [key ...] [WEIGHTS weight [weight ...]]")]
    [InlineData("key [get: GET pattern#1 [GET pattern ...]] [LIMIT <limit: offset count>]", "key [GET pattern [GET pattern ...]] [LIMIT offset count]")]
    [InlineData("<from: FROMMEMBER member | FROMLONLAT <fromlonlat: longitude latitude>>", "<FROMMEMBER member | FROMLONLAT longitude latitude>")]
    [InlineData("[AGGREGATE <aggregate: SUM | MIN>]", "[AGGREGATE <SUM | MIN>]")]
    [InlineData("<key-selector: key | <empty: \"\">>", "<key | \"\">")]
    public void Syntax_is_shown_plainly(string notation, string shown) => Assert.Equal(shown, Show(CommandSyntax.Parse(notation)));

    private static string Document(CommandTable table)
    {
        var text = new StringBuilder("# Commands\n\nPrinted from the command table by a test; do not edit. ");
        text.Append("\"Since\" is the version of Redis that brought the command.\n");
        foreach (var (group, title) in Groups)
        {
            var rows = table.All.Where(s => s.Group == group && s.Handler is not null).OrderBy(s => s.FullName, StringComparer.Ordinal).ToArray();
            if (rows.Length == 0) continue;
            text.Append($"\n## {title}\n\n| command | what it does | complexity | since |\n|---|---|---|---|\n");
            foreach (var spec in rows)
            {
                var note = spec.DeprecatedSince is null ? "" : $" Deprecated since {spec.DeprecatedSince}: {spec.ReplacedBy}.";
                text.Append($"| `{Cell($"{Title(spec)} {Show(CommandSyntax.Parse(spec.Syntax))}".TrimEnd())}` | {Cell(spec.Summary + note)} | {Cell(spec.Complexity)} | {spec.Since} |\n");
            }
        }
        return text.ToString();
    }

    private static string Title(CommandSpec spec) => spec.Parent is null ? spec.Name : $"{spec.Parent.Name} {spec.Name}";

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    private static string Show(CommandArgument[] arguments) => string.Join(' ', arguments.Select(Show));

    private static string Show(CommandArgument argument)
    {
        var body = Body(argument);
        if (argument.Type == ArgumentType.OneOf && (!argument.Optional || argument.Token is not null || argument.Multiple)) body = $"<{body}>";
        var token = argument.Type == ArgumentType.PureToken || argument.Token is null ? "" : argument.Token + " ";
        var text = token + body;
        if (argument.Multiple) text += $" [{(argument.MultipleToken ? token : "")}{body} ...]";
        return argument.Optional ? $"[{text}]" : text;
    }

    private static string Body(CommandArgument argument) => argument.Type switch
    {
        ArgumentType.OneOf => string.Join(" | ", argument.Arguments.Select(Show)),
        ArgumentType.Block => Show(argument.Arguments),
        ArgumentType.PureToken => argument.Token is "" ? "\"\"" : argument.Token!,
        _ => argument.DisplayText!,
    };
}
