// The words of an upload: how long it still takes, and what became of the video.

/** @typedef {{state: string, is_ready: boolean, kept_until: string | null, progress: number | null,
 *   refusal: string, upload: {address: string, size: number, fingerprint: string, share: number, is_moving: boolean} | null}} VideoState */

/** @param {number} bytes */
export function sizeWords(bytes) {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.max(1, Math.round(bytes / 1e6))} MB`;
}

/** @param {number} seconds */
export function timeLeft(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return "less than a minute left";
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `about ${minutes} ${minutes === 1 ? "minute" : "minutes"} left`;
  const hours = Math.round(minutes / 30) / 2;
  return `about ${hours} ${hours === 1 ? "hour" : "hours"} left`;
}

/** What the page says of the server's state, while this page uploads nothing. @param {VideoState} state */
export function stateWords(state) {
  const kept = state.kept_until ? `It is deleted by itself on ${state.kept_until}.` : "";
  const meanwhile = state.is_ready ? " The video from before plays until then." : "";
  return {
    none: { said: "There is no video of this lesson on the server.", more: "MP4, MOV or WebM; it is kept encrypted, and you alone decide who sees it." },
    uploading: state.upload?.is_moving
      ? { said: "The video is being uploaded in another window.", more: "" }
      : { said: "An upload is not finished.", more: "Choose the same file again, and it continues where it stopped." },
    checking: { said: "The video is uploaded and is being checked.", more: `You can close this page.${meanwhile}` },
    converting: { said: "The video is being converted, so that every browser plays it.", more: `This can take as long as the lesson. You can close this page.${meanwhile}` },
    ready: { said: "The lesson’s video is on the server, encrypted.", more: kept },
    refused: { said: state.refusal, more: "" },
  }[state.state] ?? { said: "", more: "" };
}
