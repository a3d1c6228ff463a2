using System.Diagnostics;
using System.Text.RegularExpressions;
using RedisLite.Testing;
using Xunit;
using Xunit.Abstractions;

namespace RedisLite.Tests.Tidy;

/// <summary>What a reader of the sources relies on, held over every tracked file.</summary>
public sealed partial class SourceFilesTests(ITestOutputHelper output)
{
    private const int LongFile = 600;
    private const int LongFunction = 70;

    // Written in pieces, so that this very file does not hold what it looks for.
    private static readonly string[] ForbiddenTexts = ["/wo" + "rk/", "/ro" + "ot/", "npm" + "js.", "nuget" + ".org", "pypi" + ".org", "artifac" + "tory", "\"resol" + "ved\":"];

    /// <summary>Files of the standard tools whose fixed content names a host: none so far.</summary>
    private static readonly string[] MayNameHosts = [];

    [Fact]
    public void No_tracked_file_names_a_path_of_a_machine_or_a_package_host()
    {
        var files = TrackedFiles();
        Assert.NotEmpty(files);
        var found = files.Except(MayNameHosts).Where(IsText).SelectMany(file => ForbiddenTexts
            .Where(text => File.ReadAllText(Repository.PathOf(file)).Contains(text, StringComparison.OrdinalIgnoreCase))
            .Select(text => $"{file}: {text}"));
        Assert.Empty(found);
    }

    [Fact]
    public void Unsafe_code_lives_in_the_arena_and_the_system_calls_only()
    {
        var outside = Sources().Where(file => UnsafeKeyword().IsMatch(WithoutComments(file)))
            .Where(file => !file.StartsWith("src/RedisLite.Data/Memory/", StringComparison.Ordinal) && !file.StartsWith("src/RedisLite.Server/", StringComparison.Ordinal));
        Assert.Empty(outside);
    }

    [Fact]
    public void Nobody_is_called_Utils_or_Manager_and_no_test_is_switched_off()
    {
        Assert.DoesNotContain(Sources(), file => BadName().IsMatch(Path.GetFileNameWithoutExtension(file)));
        var tests = TrackedFiles().Where(file => file.StartsWith("tests/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal));
        Assert.DoesNotContain(tests, file => SkippedTest().IsMatch(File.ReadAllText(Repository.PathOf(file))));
    }

    /// <summary>Long files and functions are a smell to look at, never a failed build: they are listed in the output of this test.</summary>
    [Fact]
    public void Long_files_and_functions_are_listed()
    {
        var functions = Sources().SelectMany(Functions).ToList();
        Assert.NotEmpty(functions);
        foreach (var file in Sources().Select(file => (file, Lines: File.ReadLines(Repository.PathOf(file)).Count())).Where(f => f.Lines > LongFile).OrderByDescending(f => f.Lines))
            output.WriteLine($"{file.Lines} lines: {file.file}");
        foreach (var (file, name, lines) in functions.Where(f => f.Lines > LongFunction).OrderByDescending(f => f.Lines))
            output.WriteLine($"{lines} lines: {name} in {file}");
    }

    /// <summary>Functions as the formatter lays them out: a member's head at one indent, its braces on lines of their own at the same indent.</summary>
    private static IEnumerable<(string File, string Name, int Lines)> Functions(string file)
    {
        var lines = File.ReadAllLines(Repository.PathOf(file));
        for (var i = 1; i < lines.Length; i++)
        {
            if (lines[i] != "    {" || MemberHead().Match(lines[i - 1]) is not { Success: true } head) continue;
            var end = Array.IndexOf(lines, "    }", i);
            if (end > 0) yield return (file, head.Groups[1].Value, end - i + 1);
        }
    }

    private static IEnumerable<string> Sources() => TrackedFiles().Where(file => file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal));

    private static bool IsText(string file) => Path.GetExtension(file) is not (".rdb" or ".aof" or ".png" or ".dll");

    private static string WithoutComments(string file) =>
        string.Join('\n', File.ReadLines(Repository.PathOf(file)).Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)));

    private static List<string> TrackedFiles()
    {
        var start = new ProcessStartInfo("git", ["-C", Repository.Root, "ls-files"]) { RedirectStandardOutput = true };
        using var git = Process.Start(start)!;
        var files = git.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        git.WaitForExit();
        return [.. files.Where(file => File.Exists(Repository.PathOf(file)))];
    }

    [GeneratedRegex(@"\bunsafe\b(?!"")")]
    private static partial Regex UnsafeKeyword();

    [GeneratedRegex("(Utils?|Utilities|Helpers?|Manager)$")]
    private static partial Regex BadName();

    [GeneratedRegex(@"\bSkip\s*=\s*""")]
    private static partial Regex SkippedTest();

    [GeneratedRegex(@"^    (?:\w.*\s)?(\w+)(?:<[^(]*>)?\(.*\)(?:\s*where .*)?$")]
    private static partial Regex MemberHead();
}
