using System.Globalization;
using RedisLite.Engine.Config;

namespace RedisLite;

/// <summary>
/// oom-score-adj: how soon the system's out-of-memory killer takes this process. The values are for a primary, a replica and the
/// children that Redis forks; there are no children here.
/// </summary>
internal static class OomScore
{
    private const string File = "/proc/self/oom_score_adj";

    public static void Attach(ServerConfig config, Action<string> warn)
    {
        WarnOfOrder(config, warn);
        config.OnChange(() => WarnOfOrder(config, warn), "oom-score-adj-values");
        if (!System.IO.File.Exists(File)) return;
        var original = Read();
        var isAdjusted = false;

        string? Apply()
        {
            if (config.OomScoreAdj == OomScoreAdj.No && !isAdjusted) return null;
            var wanted = config.OomScoreAdjValues[config.Replicaof == null ? 0 : 1];
            var score = config.OomScoreAdj switch
            {
                OomScoreAdj.No => original,
                OomScoreAdj.Absolute => wanted,
                _ => original + wanted,
            };
            isAdjusted = true;
            return TryWrite(Math.Clamp(score, -1000, 1000), warn) ? null : "Failed to set current oom_score_adj. Check server logs.";
        }

        Apply();
        config.OnChange(Apply, "oom-score-adj", "oom-score-adj-values");
    }

    private static void WarnOfOrder(ServerConfig config, Action<string> warn)
    {
        if (config.OomScoreAdjValues is [var primary, var replica, var child] && primary <= replica && replica <= child) return;
        warn("The oom-score-adj-values configuration may not work for non-privileged processes! Please consult the documentation.");
    }

    private static int Read() => int.Parse(System.IO.File.ReadAllText(File), CultureInfo.InvariantCulture);

    private static bool TryWrite(int score, Action<string> warn)
    {
        try
        {
            System.IO.File.WriteAllText(File, score.ToString(CultureInfo.InvariantCulture));
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn($"Unable to write oom_score_adj: {e.Message}");
            return false;
        }
    }
}
