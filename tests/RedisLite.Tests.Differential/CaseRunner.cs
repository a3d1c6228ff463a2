using RedisLite.Testing;

namespace RedisLite.Tests.Differential;

/// <summary>Plays one written case on both servers, step by step, and collects what differs.</summary>
internal sealed class CaseRunner(ServerPair pair, int protocol) : IDisposable
{
    private static readonly Step Hello = Step.Parse("~numbers HELLO 3");

    private readonly Dictionary<char, (RespClient Real, RespClient Ours)> _connections = [];
    private readonly List<string> _differences = [];

    public IReadOnlyList<string> Run(WrittenCase written)
    {
        pair.Reset();
        foreach (var step in written.Steps)
        {
            try
            {
                Play(step);
            }
            catch (Exception e)
            {
                _differences.Add($"{step.Line}\n    {e.Message}");
                return _differences;
            }
        }

        _differences.AddRange(DatabaseState.Differences(pair.Real, pair.Ours));
        return _differences;
    }

    public void Dispose()
    {
        foreach (var (real, ours) in _connections.Values)
        {
            real.Dispose();
            ours.Dispose();
        }
    }

    private void Play(Step step)
    {
        if (step.Kind == StepKind.Wait) { Thread.Sleep(step.Milliseconds); return; }

        var (real, ours) = Connections(step.Connection);
        switch (step.Kind)
        {
            case StepKind.Call or StepKind.Send:
                real.Send(step.Arguments);
                ours.Send(step.Arguments);
                if (step.Kind == StepKind.Call) Compare(step, Read(real, "redis-server"), Read(ours, "ours"));
                break;
            case StepKind.Raw or StepKind.RawSend:
                real.SendRaw(step.Arguments[0]);
                ours.SendRaw(step.Arguments[0]);
                if (step.Kind == StepKind.Raw) Compare(step, Read(real, "redis-server"), Read(ours, "ours"));
                break;
            case StepKind.Read:
                Compare(step, Read(real, "redis-server"), Read(ours, "ours"));
                break;
            case StepKind.Silent:
                ExpectSilence(step, real, "redis-server");
                ExpectSilence(step, ours, "ours");
                break;
            case StepKind.Closed:
                if (!real.IsClosedByServer()) _differences.Add($"{step.Line}\n    redis-server did not close");
                if (!ours.IsClosedByServer()) _differences.Add($"{step.Line}\n    ours did not close");
                break;
            default:
                throw new FormatException(step.Line);
        }
    }

    private static byte[] Read(RespClient client, string who)
    {
        try
        {
            return client.ReadReply();
        }
        catch (Exception e) when (e is IOException or TimeoutException or FormatException)
        {
            throw new IOException($"{who}: {e.Message}", e);
        }
    }

    private void ExpectSilence(Step step, RespClient client, string who)
    {
        if (client.TryReadReply(TimeSpan.FromMilliseconds(step.Milliseconds)) is { } reply)
            _differences.Add($"{step.Line}\n    {who} sent {CommandText.Escape(reply)}");
    }

    private void Compare(Step step, byte[] real, byte[] ours)
    {
        if (ReplyRules.Agree(step.Rule, step.Arguments, real, ours) || KnownDifferences.Explains(step.Arguments, Reply.Parse(real), Reply.Parse(ours))) return;
        _differences.Add($"{step.Line}\n    redis-server: {CommandText.Escape(real)}\n    ours:         {CommandText.Escape(ours)}");
    }

    private (RespClient Real, RespClient Ours) Connections(char name)
    {
        if (_connections.TryGetValue(name, out var clients)) return clients;

        _connections[name] = clients = (pair.Real.Connect(), pair.Ours.Connect());
        // A server that wants a password first refuses: that too must be the same on both sides.
        if (protocol == 3) Compare(Hello, clients.Real.Call(Hello.Arguments), clients.Ours.Call(Hello.Arguments));
        return clients;
    }
}
