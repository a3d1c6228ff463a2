using System.Diagnostics;
using System.Runtime.InteropServices;

namespace RedisLite;

/// <summary>
/// daemonize. A .NET process cannot fork and live on in the child, so it starts itself again: the first process has checked the
/// configuration, can still complain on the terminal, and ends; the second leaves the session and the terminal and serves.
/// </summary>
internal static class Detached
{
    private const string Marker = "REDISLITE_DETACHED";

    public static bool IsThisProcess => Environment.GetEnvironmentVariable(Marker) == "1";

    public static int Start(string[] args, string standardInput)
    {
        var program = Environment.ProcessPath ?? throw new InvalidOperationException("the path of this program is unknown");
        var start = new ProcessStartInfo(program) { UseShellExecute = false, RedirectStandardInput = true };
        if (Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase)) start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        foreach (var arg in args) start.ArgumentList.Add(arg);
        start.Environment[Marker] = "1";

        LeaveOutput();
        using var process = Process.Start(start)!;
        process.StandardInput.Write(standardInput);
        process.StandardInput.Close();
        return 0;
    }

    /// <summary>
    /// This process has said what it had to say; what it starts inherits /dev/null. Later would be too late: the runtime keeps copies of the
    /// standard output it was started with, and whoever reads the other end of a pipe would wait for the server to end.
    /// </summary>
    private static void LeaveOutput()
    {
        if (OperatingSystem.IsWindows()) return;
        var nowhere = Open("/dev/null\0"u8.ToArray(), ReadWrite);
        for (var fd = 1; fd <= 2; fd++) _ = Dup2(nowhere, fd);
        _ = Close(nowhere);
    }

    /// <summary>The second process: a session of its own, without a terminal. Standard input brings the rest of the configuration and its end.</summary>
    public static void Enter()
    {
        if (!OperatingSystem.IsWindows()) _ = SetSid();
    }

    private const int ReadWrite = 2;

    [DllImport("libc", EntryPoint = "setsid")]
    private static extern int SetSid();

    [DllImport("libc", EntryPoint = "open")]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "dup2")]
    private static extern int Dup2(int from, int to);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int fd);
}
