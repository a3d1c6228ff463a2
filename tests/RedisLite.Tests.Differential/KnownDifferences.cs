using System.Text.RegularExpressions;
using RedisLite.Testing;

namespace RedisLite.Tests.Differential;

/// <summary>
/// The one list of replies that may differ from redis-server 7.0.15 (known-differences.txt): a reason, a pattern for the command, one for our
/// reply and, where it matters, one for redis-server's. All must match, so that an entry excuses one answer and not a whole command.
/// </summary>
internal static class KnownDifferences
{
    private sealed record Entry(string Reason, Regex Command, Regex Real, Regex Ours);

    private static readonly List<Entry> Entries = Load();

    public static bool Explains(byte[][] command, Reply real, Reply ours)
    {
        var (line, expected, actual) = (CommandText.Format(command), real.ToString(), ours.ToString());
        return Entries.Exists(entry => entry.Command.IsMatch(line) && entry.Real.IsMatch(expected) && entry.Ours.IsMatch(actual));
    }

    public static IEnumerable<string> Reasons => Entries.Select(entry => entry.Reason);

    private static List<Entry> Load()
    {
        var entries = new List<Entry>();
        var (reason, command, real) = ("", (string?)null, ".*");
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "known-differences.txt")))
        {
            if (line.StartsWith('#') || line.Length == 0) continue;
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            var (word, rest) = (line[..space], line[space..].Trim());
            switch (word)
            {
                case "because": reason = rest; break;
                case "command": (command, real) = (rest, ".*"); break;
                case "redis": real = rest; break;
                case "ours" when command is not null && reason.Length > 0: entries.Add(new Entry(reason, Whole(command, ignoreCase: true), Whole(real), Whole(rest))); break;
                default: throw new FormatException($"known-differences.txt: {line}");
            }
        }

        return entries;
    }

    private static Regex Whole(string pattern, bool ignoreCase = false) =>
        new($"^(?:{pattern})$", RegexOptions.Singleline | (ignoreCase ? RegexOptions.IgnoreCase : RegexOptions.None));
}
