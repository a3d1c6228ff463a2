using System.Text;
using System.Text.RegularExpressions;
using RedisLite.Engine.Config;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Config;

/// <summary>docs/configuration.md is printed from the table of directives. Run with REDISLITE_WRITE_DOCS=1 to write it anew.</summary>
public class ConfigurationDocumentTests
{
    [Fact]
    public void Document_is_current()
    {
        var path = Path.Combine(Repository.Root, "docs", "configuration.md");
        var document = Document();
        if (Environment.GetEnvironmentVariable("REDISLITE_WRITE_DOCS") == "1") File.WriteAllText(path, document);
        Assert.True(File.Exists(path) && File.ReadAllText(path) == document,
            "docs/configuration.md is not what the directive table says: run this test once with REDISLITE_WRITE_DOCS=1 and commit the file");
    }

    [Fact]
    public void Pending_features_name_known_directives_that_have_a_field_and_no_other_excuse()
    {
        foreach (var name in PendingFeatures.All.SelectMany(f => f.Switches.Concat(f.Directives)))
        {
            Assert.True(DirectiveTable.TryFind(name, out var directive), name);
            Assert.True(directive.NoEffect == null, name);
        }
    }

    /// <summary>No option is accepted and ignored: the field of a directive that is said to be acted on is read somewhere outside the configuration.</summary>
    [Fact]
    public void What_is_acted_on_has_a_reader()
    {
        var configuration = Path.Combine("RedisLite.Engine", "Config") + Path.DirectorySeparatorChar;
        var sources = string.Join('\n', Directory.EnumerateFiles(Repository.PathOf("src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains(configuration, StringComparison.Ordinal)).Select(File.ReadAllText));
        var unread = DirectiveTable.Rows.Where(d => Status(d) == "acted on").Select(d => d.Name)
            .Where(name => !Regex.IsMatch(sources, $@"[cC]onfig\.{string.Concat(name.Split('-').Select(part => char.ToUpperInvariant(part[0]) + part[1..]))}\b"));
        Assert.Empty(unread);
    }

    [Theory]
    [InlineData("tls-port", "6380", "TLS is not supported yet")]
    [InlineData("tls-cluster", "yes", "TLS is not supported yet")]
    public void A_pending_feature_cannot_be_switched_on(string name, string value, string refusal)
    {
        var config = new ServerConfig();
        PendingFeatures.Attach(config);
        Assert.False(config.TrySet([new(name, value)], default, out var error));
        Assert.StartsWith($"ERR CONFIG SET failed (possibly related to argument '{name}') - {refusal}", error, StringComparison.Ordinal);
        Assert.Equal(new ServerConfig().Get(name), config.Get(name));
    }

    private static string Document()
    {
        var text = new StringBuilder(
            """
            # Configuration

            Printed from the table of directives by a test; do not edit.

            Every directive of Redis 7.2 is read, checked, reported by CONFIG GET, changed by CONFIG SET and kept by CONFIG REWRITE as Redis does it, with
            the same words, ranges, defaults and errors. Where a value changes nothing here, the table says why. Directives of a feature that is still
            to come are kept for it, and switching that feature on is refused.

            Sources, later ones win: the file named first on the command line, the environment (`REDIS_PASSWORD`, `REDIS_PASSWORD_FILE`, `REDIS_ARGS`),
            standard input (`-`), the options (`--port 7000`). Lines `include`, `rename-command` and `user` are read as Redis reads them; `loadmodule` and
            `sentinel` are refused.

            "start" = can only be set at start. "protected" = CONFIG SET needs `enable-protected-configs`. "hidden" = CONFIG GET shows it only by its full
            name. "ours" = Redis does not know it.

            | directive | default | | what it does here |
            |---|---|---|---|

            """);
        foreach (var directive in DirectiveTable.Rows.OrderBy(d => d.Name, StringComparer.Ordinal))
        {
            var names = $"`{directive.Name}`" + (directive.Alias == null ? "" : $", `{directive.Alias}`");
            text.Append($"| {names} | {(directive.DefaultText.Length == 0 ? "" : $"`{directive.DefaultText}`")} | {Marks(directive)} | {Status(directive)} |\n");
        }
        return text.ToString();
    }

    private static string Marks(Directive directive) => string.Join(", ",
        new[] { (DirectiveFlags.Immutable, "start"), (DirectiveFlags.Protected, "protected"), (DirectiveFlags.Hidden, "hidden"), (DirectiveFlags.Own, "ours") }
            .Where(mark => directive.Is(mark.Item1)).Select(mark => mark.Item2));

    private static string Status(Directive directive)
    {
        if (directive.NoEffect != null) return $"no effect: {directive.NoEffect}";
        if (PendingFeatures.All.FirstOrDefault(f => f.Switches.Contains(directive.Name)) is { } asked) return $"refused until there is {asked.Name}";
        return PendingFeatures.All.FirstOrDefault(f => f.Directives.Contains(directive.Name)) is { } feature ? $"kept for {feature.Name}" : "acted on";
    }
}
