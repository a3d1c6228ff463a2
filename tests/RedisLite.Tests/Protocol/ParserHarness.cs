using System.Text;
using RedisLite.Protocol;
using Xunit;

namespace RedisLite.Tests.Protocol;

/// Feeds a parser as a connection would: bytes arrive in pieces, consumed bytes are dropped, and what is left is moved to another array each time, so that a
/// parser which remembers absolute places or old arrays is caught.
internal sealed class ParserHarness
{
    private readonly RequestBatch _batch = new();
    private byte[] _buffer = [];

    public RespLimits Limits { get; } = new();

    public RequestParser Parser { get; }

    public List<string> Requests { get; } = [];

    public string? Error { get; private set; }

    public int Unconsumed => _buffer.Length;

    public ParserHarness() => Parser = new RequestParser(Limits);

    public static ParserHarness Run(byte[] input, params int[] cuts)
    {
        var harness = new ParserHarness();
        harness.FeedInPieces(input, cuts);
        return harness;
    }

    public void FeedInPieces(byte[] input, params int[] cuts)
    {
        var from = 0;
        foreach (var cut in cuts.Append(input.Length))
        {
            Feed(input.AsSpan(from, cut - from));
            from = cut;
        }
    }

    public void Feed(ReadOnlySpan<byte> bytes)
    {
        if (Error != null) return;
        const int lead = 3;
        var moved = new byte[lead + _buffer.Length + bytes.Length + 5];
        moved.AsSpan().Fill((byte)'*');
        _buffer.CopyTo(moved, lead);
        bytes.CopyTo(moved.AsSpan(lead + _buffer.Length));
        var start = lead;
        var end = lead + _buffer.Length + bytes.Length;
        while (true)
        {
            var status = Parser.Parse(moved, start, end, _batch);
            for (var i = 0; i < _batch.Count; i++) Requests.Add(Show(_batch.Requests[i]));
            start = _batch.Consumed;
            if (status == ParseStatus.Full) continue;
            if (status == ParseStatus.ProtocolError) Error = Parser.ErrorText;
            break;
        }
        _buffer = moved[start..end];
        if (Error == null) Assert.True(Parser.BytesWanted > _buffer.Length, "wants bytes that are there");
    }

    private string Show(Request request)
    {
        var text = new StringBuilder();
        for (var i = 0; i < request.Argc; i++)
        {
            if (i > 0) text.Append('|');
            text.Append(Encoding.Latin1.GetString(_batch.Arg(request, i)));
        }
        return text.ToString();
    }
}
