using System.Diagnostics;
using System.Text;

namespace RedisLite.SystemTests;

/// <summary>One run of a command-line program with a time limit: what it wrote and how it ended.</summary>
internal sealed record ToolRun(int ExitCode, string Output, string Errors)
{
    public static ToolRun Of(string program, IEnumerable<string> arguments, string? input = null, TimeSpan? limit = null, TimeSpan? interruptAfter = null)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.Latin1 };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (input is not null) process.StandardInput.Write(input);
        process.StandardInput.Close();

        // A program that runs until it is interrupted (redis-cli --stat) is given some time.
        if (interruptAfter is { } time && !process.WaitForExit(time)) SendInterrupt(process.Id);
        if (!process.WaitForExit(limit ?? TimeSpan.FromSeconds(60)))
        {
            process.Kill();
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end");
        }

        // A program that it left behind must not hold its output open: whoever waits for the end of it would wait for ever.
        if (!Task.WaitAll([output, errors], TimeSpan.FromSeconds(20)))
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} ended, but its output is still open");
        return new ToolRun(process.ExitCode, output.Result, errors.Result);
    }

    private static void SendInterrupt(int pid)
    {
        using var kill = Process.Start("kill", ["-INT", pid.ToString()]);
        kill.WaitForExit();
    }
}
