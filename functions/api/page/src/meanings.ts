// German words for the stable codes of the service. In English the service's own messages are shown.
import type { Model } from "./types";
import { current, type Word, t } from "./words";

const NAMES: Record<string, [string, string]> = {
  NORM: ["normal ECG", "normales EKG"],
  CD: ["conduction disturbance", "Erregungs\u00adleitungsstörung"],
  STTC: ["ST/T change", "ST/T-Veränderung"],
  MI: ["myocardial infarction", "Myokardinfarkt"],
  HYP: ["hypertrophy", "Hypertrophie"],
};

const GERMAN: Record<string, string> = {
  leads_missing: "Nicht alle zwölf Ableitungen sind da.",
  flat_leads: "Eine Ableitung ist fast durchgehend flach. Sie gilt als nicht vorhanden.",
  flat_parts: "Eine Ableitung ist zeitweise flach.",
  signal_gaps: "Werte fehlen.",
  clipped: "Die Spitzen einer Ableitung sind abgeschnitten.",
  noisy: "Muskel- oder Elektrodenrauschen.",
  baseline_wander: "Die Grundlinie schwankt.",
  measurement_disagrees: "Eine Messung spricht deutlich gegen einen Einzelbefund.",
  statement_contradicts: "Ein Einzelbefund liegt über seiner Schwelle, seine Klasse aber nicht.",
  unit_doubtful: "Die Ausschläge sind so hoch, dass Einheit oder Verstärkung vermutlich falsch sind. Es wird keine Diagnose genannt.",
  amplitude_unusual: "Die Amplitude ist ungewöhnlich groß oder klein. Prüfen Sie die Einheit.",
  einthoven_violated: "Eine Extremitätenableitung passt nicht zu I und II: vertauschte Namen oder verschiedene Zeiten.",
  leads_identical: "Zwei Ableitungen enthalten dasselbe Signal.",
  arm_reversal_suspected: "Die Elektroden an rechtem und linkem Arm scheinen vertauscht.",
  electrode_reversal_suspected: "Zwei Elektroden scheinen vertauscht.",
  polarity_reversed: "Das Signal scheint auf dem Kopf zu stehen.",
  time_reversed: "Das Signal scheint rückwärts zu laufen.",
  signal_unlike_ecg: "Das Signal sieht kaum wie ein EKG aus.",
  ventricular_rhythm_suspected:
    "Schnelle und breite Wellen: vielleicht Kammertachykardie, -flattern oder -flimmern. Lassen Sie das EKG sofort ansehen.",
  lead_scale_suspected: "Eine Brustwandableitung ist viel kleiner oder größer als ihre Nachbarn.",
  sampling_rate_suspected: "Alle Wellen sind bei der angegebenen Abtastrate zu langsam oder zu schnell.",
  short_recording: "Kürzer als 10 s.",
  long_recording: "Länger als 10 s: mehrere Fenster wurden gelesen, angegeben ist der Mittelwert.",
  no_finding: "Keine der drei Wahrscheinlichkeiten erreicht ihre Schwelle.",
  other_abnormality: "Keine der drei erreicht ihre Schwelle, aber Myokardinfarkt oder Hypertrophie kann vorliegen.",
  contradictory_findings: "Ein normales EKG und eine Auffälligkeit liegen beide über ihrer Schwelle.",
  calibration_not_local: "Die örtliche Kalibrierung hat für diese Ableitungen keine Werte. Es gelten die des Modells.",
  performance_unknown: "Für diese Ableitungen allein wurde nichts gemessen: keine Diagnose.",
  unauthorized: "Der Dienst weiß nicht, wer fragt.",
  empty_file: "Die Datei ist leer.",
  unsupported_format: "Das Format wird nicht gelesen.",
  file_too_large: "Die Datei ist zu groß.",
  archive_unsafe: "Das Archiv ist beschädigt, verschlüsselt oder unsicher.",
  record_incomplete: "Eine Datei der Aufnahme fehlt.",
  several_records: "Mehrere Aufnahmen kamen auf einmal.",
  header_invalid: "Der Kopf der Datei ist falsch oder widerspricht sich.",
  signal_invalid: "Die Werte können nicht entschlüsselt werden.",
  signal_truncated: "Die Signaldatei ist kürzer, als ihr Kopf sagt.",
  checksum_mismatch: "Die Werte sind nicht die, für die der Kopf geschrieben wurde.",
  no_ecg_leads: "Kein Kanal trägt den Namen einer EKG-Ableitung.",
  duplicate_leads: "Zwei Kanäle tragen den Namen derselben Ableitung.",
  units_unknown: "Die Datei nennt die Einheit der Werte nicht.",
  sampling_rate_unknown: "Die Datei nennt keine Abtastrate.",
  sampling_rate_out_of_range: "Die Abtastrate liegt außerhalb von 50 bis 4000 Hz.",
  too_short: "Die Aufnahme ist zu kurz: mindestens 5 s, besser 10 s.",
  flat_signal: "Das Signal ist flach: kein Herzschlag.",
  signal_missing: "Zu viele Werte fehlen.",
  signal_clipped: "Die meisten Ableitungen sind an den Spitzen abgeschnitten.",
  signal_noisy: "Das Signal ist Rauschen oder kein EKG.",
  rhythm_unreadable:
    "Keine normalen Schläge: Kammertachykardie, -flattern, -flimmern oder Stillstand, oder kein EKG. Sehen Sie zuerst nach dem Menschen: das kann ein Notfall sein.",
  amplitude_implausible: "Kein Körper erzeugt diese Amplitude. Prüfen Sie Einheit und Verstärkung.",
  internal_error: "Ein Fehler des Dienstes.",
  request_invalid: "Eine Angabe ist ungültig, oder zwei Dateien haben denselben Namen.",
  request_timeout: "Die Anfrage kam zu langsam.",
  service_busy: "Der Dienst ist ausgelastet. Warten Sie einen Augenblick und senden Sie noch einmal.",
  uploads_not_configured: "Dieser Dienst nimmt keine großen Dateien an.",
  storage_unavailable: "Der Speicher antwortet nicht. Versuchen Sie es gleich noch einmal.",
  api_key_invalid: "Der API-Schlüssel fehlt oder ist unbekannt. Geben Sie ihn oben ein.",
  access_denied: "Der Zugang ist verweigert.",
  too_many_requests: "Zu viele Anfragen auf einmal. Warten Sie einen Augenblick.",
  quota_exceeded: "Das Kontingent dieses Schlüssels ist für heute verbraucht.",
  service_unavailable: "Der Dienst hat nicht geantwortet.",
  service_timeout: "Der Dienst hat nicht rechtzeitig geantwortet.",
};

const GERMAN_HINTS: Record<string, string> = {
  sampling_rate_unknown: "Geben Sie die Abtastrate an.",
  units_unknown: "Geben Sie die Einheit an (uV, mV oder V), oder bei rohen Wandlerwerten die Schritte pro mV.",
  no_ecg_leads: "Nennen Sie die Ableitungen der Kanäle in ihrer Reihenfolge; - steht für einen Kanal, der keine ist.",
  record_incomplete: "Senden Sie die Kopfdatei zusammen mit allen Signaldateien, die sie nennt.",
};

const OPEN_KEY: Record<string, Word> = { offline: "offline", unreachable: "unreachable" };

// Which model answered, and with which calibration.
export function modelSaid({ name, version, calibration }: Model): string {
  const local = calibration ? t("calibrated", calibration.name) + (calibration.estimate ? t("estimated") : "") : "";
  return t("about", name, version) + local;
}

export function named(label: string): string {
  const names = NAMES[label];
  return names ? names[current() === "de" ? 1 : 0] : label;
}

// The rhythm of the measurements.
export function rhythmNamed(rhythm: string): string {
  return rhythm === "regular" || rhythm === "irregular" ? t(rhythm) : rhythm;
}

// The message in the chosen language.
export function meaning(code: string, message: string): string {
  const own = OPEN_KEY[code];
  if (own) return t(own);
  return current() === "de" ? (GERMAN[code] ?? message) : message;
}

// How hints say where an option stands for callers of other kinds. On the page its field stands below.
const ELSEWHERE = / with \w+= in Python, --[\w-]+ on the command line, \?\w+= over HTTP| with gain=, --gain, \?gain=/g;

export function hint(code: string, said: string): string {
  return current() === "de" ? (GERMAN_HINTS[code] ?? said) : said.replace(ELSEWHERE, " below");
}

// Whether meaning() says less than the message of the service.
export function translated(code: string): boolean {
  return current() === "de" && code in GERMAN;
}
