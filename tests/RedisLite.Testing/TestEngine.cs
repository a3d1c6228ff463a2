using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using RedisLite.Engine;
using RedisLite.Engine.Config;
using RedisLite.Protocol;

namespace RedisLite.Testing;

/// <summary>
/// An engine without sockets, threads or a real clock: requests in, replies out as readable text, time moves when the test says so.
/// <code>
/// var redis = new TestEngine();
/// redis.Run("SET k v EX 10") == "OK"
/// redis.Advance(10_001);
/// redis.Run("GET k") == "(nil)"
/// </code>
/// </summary>
internal sealed class TestEngine
{
    private readonly TestClient _main;

    public TestEngine(Action<ServerConfig>? configure = null, Func<CommandTable>? commands = null, int seed = 1, SimStorage? storage = null, SimClock? clock = null)
    {
        Storage = storage ?? new SimStorage();
        var config = new ServerConfig();
        config.Set("save", "");
        config.Set("enable-debug-command", "yes");
        config.Dir = "/data";
        configure?.Invoke(config);
        Clock = clock ?? new SimClock();
        Log = new TestLog();
        Process = new TestProcess(Clock);
        Engine = new Engine.Engine(new EngineEnvironment(Clock, new Random(seed), Storage, Log, Process) { Background = Background, Peers = Peers }, config, commands?.Invoke());
        Engine.Start();
        Engine.Durability.Loader.RunToEnd();
        _main = Connect();
    }

    public Engine.Engine Engine { get; }

    public SimClock Clock { get; }

    public SimStorage Storage { get; }

    public SimBackground Background { get; } = new();

    /// <summary>Other engines that MIGRATE can reach.</summary>
    public SimPeers Peers { get; } = new();

    public TestLog Log { get; }

    public TestProcess Process { get; }

    public TestClient Connect() => new(this);

    /// <summary>One request on the main connection; the reply as text, see <see cref="TestClient.Run"/>.</summary>
    public string Run(string line) => _main.Run(line);

    public string RunArgs(params string[] args) => _main.RunArgs(args);

    public byte[] RunRaw(params byte[][] args) => _main.RunRaw(args);

    public TestClient Main => _main;

    /// <summary>Time passes, then one loop iteration happens (timers, expiry, blocked clients).</summary>
    public void Advance(double milliseconds)
    {
        Clock.AdvanceMs(milliseconds);
        Iterate();
    }

    public void Iterate()
    {
        Engine.BeginIteration();
        EndIteration();
    }

    internal void EndIteration()
    {
        Engine.EndIteration();
        Engine.Tidy();
        foreach (var client in Engine.DirtyClients) client.Clear(ClientFlags.InDirtyList);
        Engine.DirtyClients.Clear();
    }

    /// <summary>Attach a recorder of effects: one string per unit, commands separated by "; ".</summary>
    public RecordingSink Record()
    {
        var sink = new RecordingSink();
        Engine.Sinks.Add(sink);
        return sink;
    }
}

/// <summary>A connection of a <see cref="TestEngine"/>.</summary>
internal sealed class TestClient : IConnection
{
    private static int s_next = 50000;

    private readonly TestEngine _server;
    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: 0));
    private bool _resumed;

    public TestClient(TestEngine server)
    {
        _server = server;
        RemoteAddress = $"127.0.0.1:{Interlocked.Increment(ref s_next)}";
        Client = server.Engine.Connect(this, out var refusal);
        Refusal = refusal;
    }

    /// <summary>Null when the engine refused the connection.</summary>
    public Client? Client { get; }

    public string? Refusal { get; }

    public bool IsClosed { get; private set; }

    public string RemoteAddress { get; }

    public string LocalAddress => "127.0.0.1:6379";

    public int FileDescriptor => 8;

    public bool IsUnixSocket => false;

    public bool IsWaitingToSend => false;

    public void Resume() => _resumed = true;

    public void TrimInput()
    {
    }

    public void Close()
    {
        if (IsClosed) return;
        IsClosed = true;
        _server.Engine.Disconnected(Client!);
    }

    /// <summary>A line with words (quotes as in redis-cli); the reply as text: "OK", "(integer) 1", "(nil)", "[a, b]", "ERR …".</summary>
    public string Run(string line)
    {
        Send(Words(line).Select(Encoding.Latin1.GetBytes).ToArray());
        return Take();
    }

    public string RunArgs(params string[] args)
    {
        Send(args.Select(Encoding.UTF8.GetBytes).ToArray());
        return Take();
    }

    public byte[] RunRaw(params byte[][] args)
    {
        Send(args);
        return TakeRaw();
    }

    /// <summary>Send without reading the reply.</summary>
    public void Send(params byte[][] args)
    {
        var request = new ArrayBufferWriter<byte>();
        request.Write(Encoding.ASCII.GetBytes($"*{args.Length}\r\n"));
        foreach (var arg in args)
        {
            request.Write(Encoding.ASCII.GetBytes($"${arg.Length}\r\n"));
            request.Write(arg);
            request.Write("\r\n"u8);
        }

        SendBytes(request.WrittenSpan);
    }

    public void Send(string line) => Send(Words(line).Select(Encoding.Latin1.GetBytes).ToArray());

    public void SendBytes(ReadOnlySpan<byte> bytes)
    {
        _pipe.Writer.Write(bytes);
        _pipe.Writer.FlushAsync().AsTask().Wait();
        _server.Engine.BeginIteration();
        _server.Engine.Process(Client!, _pipe.Reader);
        Settle();
    }

    /// <summary>What has arrived since the last call, as text; several replies separated by " | "; "" when there is nothing.</summary>
    public string Take()
    {
        var raw = TakeRaw();
        return string.Join(" | ", ReplyReader.ReadAll(raw).Select(ReplyText.Of));
    }

    public byte[] TakeRaw()
    {
        if (_resumed) Settle();
        var raw = Client!.Output.ToArray();
        Client.Output.Clear();
        return raw;
    }

    private void Settle()
    {
        while (_resumed && !IsClosed)
        {
            _resumed = false;
            _server.Engine.Process(Client!, _pipe.Reader);
        }

        _server.EndIteration();
    }

    internal static string[] Words(string line)
    {
        var words = new List<string>();
        for (var i = 0; i < line.Length;)
        {
            if (line[i] == ' ')
            {
                i++;
                continue;
            }

            var word = new StringBuilder();
            if (line[i] == '"')
            {
                for (i++; i < line.Length && line[i] != '"'; i++)
                {
                    if (line[i] == '\\' && line[i + 1] == 'x')
                    {
                        word.Append((char)Convert.ToByte(line.Substring(i + 2, 2), 16));
                        i += 3;
                    }
                    else if (line[i] == '\\') word.Append(line[++i] switch { 'n' => '\n', 'r' => '\r', 't' => '\t', var c => c });
                    else word.Append(line[i]);
                }

                i++;
            }
            else
            {
                while (i < line.Length && line[i] != ' ') word.Append(line[i++]);
            }

            words.Add(word.ToString());
        }

        return [.. words];
    }
}

/// <summary>Replies as text that reads well in an assertion: OK, 1, text, (nil), [a, b], {k=v}, >[push].</summary>
internal static class ReplyText
{
    public static string Of(RespValue value) => value.Kind switch
    {
        RespKind.NullBulk or RespKind.NullArray or RespKind.Null => "(nil)",
        RespKind.Array => List(value.Items),
        RespKind.Set => "~" + List(value.Items),
        RespKind.Push => ">" + List(value.Items),
        RespKind.Map => "{" + string.Join(", ", value.Items.Chunk(2).Select(pair => Of(pair[0]) + "=" + Of(pair[1]))) + "}",
        _ => value.Text,
    };

    private static string List(RespValue[] items) => "[" + string.Join(", ", items.Select(Of)) + "]";
}

/// <summary>Remembers the effects of units.</summary>
internal sealed class RecordingSink : IEffectSink
{
    public List<string> Units { get; } = [];

    /// <summary>All commands with their database and raw arguments, for a replay.</summary>
    public List<(int Db, byte[][] Args)> Commands { get; } = [];

    public string Last => Units.Count == 0 ? "" : Units[^1];

    public void Append(Effects unit)
    {
        var commands = new List<string>();
        for (var i = 0; i < unit.Count; i++)
        {
            var words = new List<byte[]>();
            foreach (var arg in unit.ArgsOf(i)) words.Add(arg.ToArray());
            Commands.Add((unit.Db(i), words.ToArray()));
            commands.Add(string.Join(' ', words.Select(Encoding.Latin1.GetString)));
        }

        Units.Add(string.Join("; ", commands));
    }
}

internal sealed class TestLog : IEngineLog
{
    public List<(LogLevel Level, string Message)> Lines { get; } = [];

    public void Write(LogLevel level, string message) => Lines.Add((level, message));
}

internal sealed class TestProcess(SimClock clock) : IProcessFacts
{
    public int ProcessId => 4711;

    public string ExecutablePath => "/usr/bin/redislite";

    public string ConfigFile => "";

    public int Port => 6379;

    public long ResidentBytes => 10_000_000;

    public long SystemMemoryBytes => 16L << 30;

    public (double System, double User, double MainThreadSystem, double MainThreadUser) CpuSeconds => (1, 2, 0.5, 1);

    public string OperatingSystem => "Linux test x86_64";

    public void Sleep(TimeSpan time) => clock.Advance(time);

    /// <summary>The code the engine asked to exit with; null while it runs.</summary>
    public int? ExitCode { get; private set; }

    public void Exit(int code) => ExitCode = code;

    public bool HasCrashed { get; private set; }

    public void Crash() => HasCrashed = true;
}
