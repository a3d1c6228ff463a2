using RedisLite.Engine;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Tidy;

/// <summary>Every command of the table is named by a test: a written differential case, a generated one, or a test in C#.</summary>
public sealed class CommandCoverageTests
{
    [Fact]
    public void Every_command_is_named_by_a_test()
    {
        var tests = string.Join('\n', TestFiles().Select(File.ReadAllText)).ToUpperInvariant();
        var unnamed = CommandCatalog.Create().All.Select(spec => spec.FullName.ToUpperInvariant()).Where(name => !IsNamed(tests, name)).ToList();
        Assert.True(unnamed.Count == 0, "No test names: " + string.Join(", ", unnamed));
    }

    /// <summary>A subcommand is named by its two words in a row, also as two string arguments.</summary>
    private static bool IsNamed(string tests, string name)
    {
        var words = name.Split('|', ' ');
        return words.Length == 1
            ? tests.Contains($"\n{name}", StringComparison.Ordinal) || tests.Contains($" {name} ", StringComparison.Ordinal) || tests.Contains($"\"{name}\"", StringComparison.Ordinal)
                || tests.Contains($": {name}", StringComparison.Ordinal) || tests.Contains($"\"{name} ", StringComparison.Ordinal) || tests.Contains($" {name}\n", StringComparison.Ordinal)
            : tests.Contains($"{words[0]} {words[1]}", StringComparison.Ordinal) || tests.Contains($"\"{words[0]}\", \"{words[1]}\"", StringComparison.Ordinal);
    }

    private static IEnumerable<string> TestFiles()
    {
        var cases = Directory.EnumerateFiles(Repository.PathOf("tests", "RedisLite.Tests.Differential", "cases"), "*.txt");
        var sources = new[] { "RedisLite.Tests", "RedisLite.Tests.Differential", "RedisLite.Tests.System", "RedisLite.Testing" }
            .SelectMany(project => Directory.EnumerateFiles(Repository.PathOf("tests", project), "*.cs", SearchOption.AllDirectories))
            .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));
        return cases.Concat(sources);
    }
}
