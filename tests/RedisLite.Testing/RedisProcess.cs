using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RedisLite.Testing;

/// <summary>
/// A server process of a test: started on a free port of the loopback interface in a directory of its own, awaited until it answers,
/// and ended by its process id. Its output is kept for messages.
/// </summary>
public abstract class RedisProcess : IDisposable
{
    private const int StartAttempts = 3;

    /// <summary>Long, since a build machine at load 30 has been seen to take half a minute over a start; a server that fails ends, and is not waited for.</summary>
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);

    private readonly StringBuilder _output = new();
    private readonly IReadOnlyList<string> _first;
    private readonly string? _input;
    private Process _process;

    /// <param name="options">In the form of the server's command line (`--name value`).</param>
    protected RedisProcess(params string[] options)
        : this([], null, options)
    {
    }

    /// <param name="first">What stands before the options: the path of a configuration file, or `-`.</param>
    /// <param name="input">What the program reads on its standard input.</param>
    /// <param name="options">In the form of the server's command line (`--name value`).</param>
    protected RedisProcess(IReadOnlyList<string> first, string? input, params string[] options)
    {
        _first = first;
        _input = input;
        Options = options;
        Directory = Repository.NewTemporaryDirectory();
        _process = StartAndWait();
    }

    public string Directory { get; }
    public int Port { get; private set; }
    public int Pid => _process.Id;
    public bool HasExited => _process.HasExited;
    public int ExitCode => _process.ExitCode;
    public IReadOnlyList<string> Options { get; }
    public string Output { get { lock (_output) return _output.ToString(); } }

    /// <summary>The program and its first arguments, before the options.</summary>
    protected abstract IReadOnlyList<string> Launch { get; }

    public RespClient Connect(int protocol = 2)
    {
        var client = RespClient.Connect(Port);
        if (protocol == 3 && client.Call("HELLO", "3")[0] != '%') throw new InvalidOperationException("HELLO 3 was refused");
        return client;
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Sends a signal by name (TERM, INT, KILL, STOP, CONT …).</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", Pid.ToString()]);
        kill.WaitForExit();
    }

    /// <summary>False when it still runs; once it has ended, everything it printed is in <see cref="Output"/>.</summary>
    public bool WaitForExit(TimeSpan timeout)
    {
        if (!_process.WaitForExit(timeout)) return false;
        _process.WaitForExit();
        return true;
    }

    /// <summary>Ends the process without warning and starts another one on the same port and directory.</summary>
    public void Restart(bool killed = true)
    {
        Stop(killed ? "KILL" : "TERM");
        _process = Spawn(Port);
        if (!WaitUntilReady()) throw new InvalidOperationException($"No answer after a restart on port {Port}:\n{Output}");
    }

    public void Dispose()
    {
        Stop("KILL");
        _process.Dispose();
        DeleteDirectory();
        GC.SuppressFinalize(this);
    }

    private void DeleteDirectory()
    {
        try { System.IO.Directory.Delete(Directory, recursive: true); }
        catch (IOException) { /* a file still being written by the dying process is no failure of a test */ }
    }

    private void Stop(string signal)
    {
        if (_process.HasExited) return;
        Signal(signal);
        if (_process.WaitForExit(TimeSpan.FromSeconds(10))) return;
        _process.Kill();
        _process.WaitForExit();
    }

    private Process StartAndWait()
    {
        for (var attempt = 1; ; attempt++)
        {
            Port = FreePort();
            _process = Spawn(Port);
            if (WaitUntilReady()) return _process;
            Stop("KILL");
            // Another process may have taken the port between the search and the start.
            if (attempt < StartAttempts) continue;
            DeleteDirectory();
            throw new InvalidOperationException($"{Launch[0]} did not answer on port {Port}:\n{Output}");
        }
    }

    private Process Spawn(int port)
    {
        var start = new ProcessStartInfo(Launch[0]) { WorkingDirectory = Directory, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        string[] common = ["--port", port.ToString(), "--bind", "127.0.0.1", "--dir", Directory, "--save", ""];
        foreach (var argument in Launch.Skip(1).Concat(_first).Concat(common).Concat(Options)) start.ArgumentList.Add(argument);
        var process = Process.Start(start)!;
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (_input is not null) process.StandardInput.Write(_input);
        process.StandardInput.Close();
        return process;
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output) _output.AppendLine(line.Data);
    }

    private bool WaitUntilReady()
    {
        var deadline = DateTime.UtcNow + StartTimeout;
        while (DateTime.UtcNow < deadline && !_process.HasExited)
        {
            if (Answers()) return true;
            Thread.Sleep(5);
        }

        return false;
    }

    private bool Answers()
    {
        try
        {
            using var client = RespClient.Connect(Port);
            return !client.Text("PING").StartsWith("-LOADING", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is SocketException or EndOfStreamException or TimeoutException)
        {
            return false;
        }
    }
}

/// <summary>Debian's redis-server, the oracle.</summary>
public sealed class RealRedis(params string[] options) : RedisProcess(options)
{
    protected override IReadOnlyList<string> Launch => ["redis-server"];
}

/// <summary>A redis-server of version 7.4, the oracle for what came with it. There is one where REDISLITE_REDIS_74 names its executable.</summary>
public sealed class RealRedis74(params string[] options) : RedisProcess(options)
{
    public static string? Path { get; } = Environment.GetEnvironmentVariable("REDISLITE_REDIS_74") is { Length: > 0 } path ? path : null;

    protected override IReadOnlyList<string> Launch => [Path ?? throw new InvalidOperationException("REDISLITE_REDIS_74 names no redis-server")];
}

/// <summary>
/// The server under test: the executable of this repository as it was built, or, while a test itself is being written,
/// the program named by the environment variable REDISLITE_TEST_SERVER (for example `redis-server`).
/// </summary>
public sealed class ServerProcess(params string[] options) : RedisProcess(options)
{
    protected override IReadOnlyList<string> Launch => Command;

    public static string? StandIn { get; } = Environment.GetEnvironmentVariable("REDISLITE_TEST_SERVER") is { Length: > 0 } name ? name : null;

    /// <summary>The program and first arguments that start the server under test.</summary>
    public static IReadOnlyList<string> Command { get; } = StandIn is null ? ["dotnet", Repository.ServerAssembly] : StandIn.Split(' ');
}

/// <summary>The server under test with a configuration file, or with its configuration on standard input.</summary>
public sealed class ConfiguredServer(IReadOnlyList<string> first, string? input, params string[] options) : RedisProcess(first, input, options)
{
    protected override IReadOnlyList<string> Launch => ServerProcess.Command;
}
