// redis-server's command line: [path of a file | -] [--name value ...] [-]. Options become lines of redis.conf:
//   --port 7000 --save 60 1 --save ""   ->   port "7000" / save "60" "1" / save ""
//   "--port 7000" in one word is a whole line.
//   A value may itself begin with "--" when it is the first after an option that came without one, so "--port --bla"
//   is port "--bla". The one exception is save, whose value may be left out: "--save --port 1" is save "" / port "1".
using System.Text;

namespace RedisLite.Engine.Config;

/// <param name="ConfigFile">The first word, when it is not an option; empty when there is none.</param>
/// <param name="ReadsStandardInput">A lone "-" first or last: more lines come from standard input.</param>
/// <param name="Lines">The options as lines of redis.conf, the first one empty: options are counted from line 2, as Redis does.</param>
internal sealed record CommandLineOptions(string ConfigFile, bool ReadsStandardInput, string Lines)
{
    public static CommandLineOptions Parse(IReadOnlyList<string> words)
    {
        var isFileFirst = words.Count > 0 && !words[0].StartsWith('-');
        var file = isFileFirst ? words[0] : "";
        var options = words.Skip(isFileFirst ? 1 : 0).ToList();
        var standardInput = options.Count > 0 && (options[^1] == "-" || (file.Length == 0 && options[0] == "-"));
        if (standardInput) options.RemoveAt(options[^1] == "-" ? options.Count - 1 : 0);
        return new(file, standardInput, LinesOf(options));
    }

    /// <summary>Options alone, such as those of an environment variable.</summary>
    public static string LinesOf(IReadOnlyList<string> words)
    {
        var lines = new StringBuilder();
        var wantsValue = false;
        for (var i = 0; i < words.Count; i++)
        {
            var word = words[i];
            if (!wantsValue && word.StartsWith("--", StringComparison.Ordinal))
            {
                lines.Append('\n').Append(word, 2, word.Length - 2).Append(' ');
                var isBareName = !word.AsSpan().Trim().ContainsAny(' ', '\t');
                var isBareSave = isBareName && word.Trim().Equals("--save", StringComparison.OrdinalIgnoreCase)
                    && (i == words.Count - 1 || words[i + 1].StartsWith("--", StringComparison.Ordinal));
                if (isBareSave) lines.Append("\"\"");
                wantsValue = isBareName && !isBareSave;
            }
            else
            {
                if (lines.Length == 0) lines.Append('\n');
                lines.Append(ConfigText.Quote(word)).Append(' ');
                wantsValue = false;
            }
        }
        return lines.ToString();
    }
}
