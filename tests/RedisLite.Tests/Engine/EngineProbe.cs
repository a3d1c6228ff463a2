using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using RedisLite.Engine;
using RedisLite.Engine.Config;
using RedisLite.Testing;

namespace RedisLite.Tests.Engine;

/// <summary>An engine with one client and no transport: words in, the raw reply out (line ends shown as spaces).</summary>
internal sealed class EngineProbe : IConnection, IEngineLog, IProcessFacts
{
    private readonly RedisLite.Engine.Engine engine;
    public Client Client { get; }

    private readonly Pipe pipe = new();

    public EngineProbe(CommandTable? commands = null)
    {
        engine = new RedisLite.Engine.Engine(new EngineEnvironment(TimeProvider.System, new Random(1), new SimStorage(), this, this), new ServerConfig(), commands);
        Client = engine.Connect(this, out _)!;
    }

    /// <summary>Arguments apart by one space; "" is the empty argument.</summary>
    public string Send(string command)
    {
        var args = command.Split(' ').Select(a => a == "\"\"" ? "" : a).ToArray();
        var request = new StringBuilder($"*{args.Length}\r\n");
        foreach (var arg in args) request.Append($"${arg.Length}\r\n{arg}\r\n");
        pipe.Writer.Write(Encoding.Latin1.GetBytes(request.ToString()));
        pipe.Writer.FlushAsync().AsTask().GetAwaiter().GetResult();

        engine.BeginIteration();
        engine.Process(Client, pipe.Reader);
        engine.EndIteration();
        var reply = Encoding.Latin1.GetString(Client.Output.ToArray());
        Client.Output.Clear();
        engine.DirtyClients.Clear();
        return reply.TrimEnd().Replace("\r\n", " ", StringComparison.Ordinal);
    }

    string IConnection.RemoteAddress => "127.0.0.1:1";
    string IConnection.LocalAddress => "127.0.0.1:2";
    int IConnection.FileDescriptor => 3;
    bool IConnection.IsUnixSocket => false;

    bool IConnection.IsWaitingToSend => false;
    void IConnection.Resume() { }
    void IConnection.TrimInput() { }
    void IConnection.Close() { }
    void IEngineLog.Write(LogLevel level, string message) { }
    int IProcessFacts.ProcessId => 1;
    string IProcessFacts.ExecutablePath => "";
    string IProcessFacts.ConfigFile => "";
    int IProcessFacts.Port => 0;
    long IProcessFacts.ResidentBytes => 0;
    long IProcessFacts.SystemMemoryBytes => 0;
    (double System, double User, double MainThreadSystem, double MainThreadUser) IProcessFacts.CpuSeconds => default;
    string IProcessFacts.OperatingSystem => "";
    void IProcessFacts.Sleep(TimeSpan time) { }
    void IProcessFacts.Exit(int code) { }
    void IProcessFacts.Crash() { }
}
