using System.Text;

namespace RedisLite.Engine.Commands;

/// <summary>The HELP subcommands: a heading, the lines, and HELP itself, each as a status line.</summary>
internal static class HelpText
{
    public static void Reply(CommandContext ctx, string command, params ReadOnlySpan<string> lines)
    {
        ctx.Reply.Array(lines.Length + 3);
        Line(ctx, $"{command} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
        foreach (var line in lines) Line(ctx, line);
        Line(ctx, "HELP");
        Line(ctx, "    Print this help.");
    }

    private static void Line(CommandContext ctx, string text) => ctx.Reply.Simple(Encoding.ASCII.GetBytes(text));
}
