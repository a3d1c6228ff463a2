// Redis's log lines, which people grep and tools parse:
//   <pid>:<role> <day> <month> <year> <time with milliseconds> <mark> <message>
//   4711:M 21 Nov 2026 05:45:00.123 * Ready to accept connections tcp
// Role: C before there is a server, then M (primary) or S (replica). Marks: . debug, - verbose, * notice, # warning.
//
// A file is opened for each line, so that it may be moved away (logrotate) while the server runs, and a line is one write, so that
// lines of several processes do not mix. Lines are rare: nothing on the path of a request logs.
using System.Globalization;
using System.Text;
using RedisLite.Engine;

namespace RedisLite;

internal sealed class LogOutput
{
    private readonly string path;
    private readonly Stream? standardOutput;
    private readonly Lock gate = new();

    /// <param name="path">Full path of the log file; empty = standard output.</param>
    public LogOutput(string path)
    {
        this.path = path;
        standardOutput = path.Length == 0 ? Console.OpenStandardOutput() : null;
    }

    public char Role { get; set; } = 'C';

    /// <summary>Null, or the reason why lines cannot be appended to a file: better known at start than lost later.</summary>
    public static string? WhyNot(string path)
    {
        try
        {
            using (Open(path)) return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var reason = e is DirectoryNotFoundException ? "No such file or directory"
                : Directory.Exists(path) ? "Is a directory"
                : e is UnauthorizedAccessException ? "Permission denied" : e.Message;
            return "Can't open the log file: " + reason;
        }
    }

    public void Write(LogLevel level, string message) => Write(level, DateTime.Now, message);

    public void Write(LogLevel level, DateTime time, string message) => WriteRaw(Line(level, time, message));

    /// <summary>Text that is no log line: the banner.</summary>
    public void WriteRaw(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        lock (gate)
        {
            try
            {
                if (standardOutput != null) standardOutput.Write(bytes);
                else using (var file = Open(path)) file.Write(bytes);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A full disk or a closed pipe must not stop the server; there is nowhere left to say so.
            }
        }
    }

    private static FileStream Open(string path) => new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    internal string Line(LogLevel level, DateTime time, string message) =>
        string.Concat([Environment.ProcessId.ToString(CultureInfo.InvariantCulture), ":", Role.ToString(), " ",
            time.ToString("dd MMM yyyy HH:mm:ss.fff", CultureInfo.InvariantCulture), " ", Mark(level), " ", message, "\n"]);

    private static string Mark(LogLevel level) => level switch
    {
        LogLevel.Debug => ".",
        LogLevel.Verbose => "-",
        LogLevel.Notice => "*",
        _ => "#",
    };
}
