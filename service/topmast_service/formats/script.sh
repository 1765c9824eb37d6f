set -euo pipefail
export LC_ALL=C # names are bytes here

say() { printf '%s\n' "$*" >&2; }

give_up() {
  say "$1"
  exit 2
}

# By way of standard input: sha256sum alters the line of a name that has a backslash.
sha256_of() {
  local line
  if command -v sha256sum >/dev/null; then line=$(sha256sum <"$1"); else line=$(shasum -a 256 <"$1"); fi
  printf '%s' "${line:0:64}"
}

is_right() { [[ -f $1 && ! -L $1 && $(sha256_of "$1") == "$2" ]]; }

bytes_in() { printf '%d' "$(wc -c <"$1")"; }

# The key goes through a pipe: whoever runs ps on this machine can read arguments.
credentials() {
  case $SOURCE in
    topmast) printf 'Authorization: Bearer %s' "$TOPMAST_API_KEY" ;;
    mast) printf 'Authorization: token %s' "$MAST_API_TOKEN" ;;
  esac
}

# Whether there is one, and nobody on the way could read it.
has_mast_token() {
  [[ $SOURCE == mast && -n ${MAST_API_TOKEN:-} ]] || return 1
  case $PLACE/ in
    https://* | http://127.0.0.1[:/]* | http://localhost[:/]*) ;;
    *) return 1 ;;
  esac
}

# get URL PART SHA256 SIGNED: one request for what PART lacks; prints the status of the answer.
get() {
  local -a how=(--silent --fail --globoff --proto '=http,https' --connect-timeout 30 --speed-limit 1000 --speed-time 60)
  how+=(--continue-at - --output "$2" --write-out '%{http_code}')
  # topmast's ETag is the SHA-256: the rest of this very file, or all of another one.
  [[ $SOURCE != topmast ]] || how+=(--header "If-Range: \"$3\"")
  if [[ $4 == yes ]]; then # and no redirect is followed: the key is for nobody else
    curl "${how[@]}" --header @<(credentials) --url "$1"
  else
    curl "${how[@]}" --location --max-redirs 3 --url "$1"
  fi
}

# One line for `sum_up`; so short a write into a pipe is never mixed with another's.
report() { printf '%s\t%s\t%s\n' "$1" "$2" "${3:-}"; }

# Hold PART, on descriptor 9, for as long as it is written. Who has it now is waited for: that is the same file coming.
# Where there is no flock (macOS) only the checksum guards.
hold() {
  while exec 9>>"$1"; do
    command -v flock >/dev/null || return 0
    flock 9
    [[ $1 -ef /dev/fd/9 ]] && return 0 # else the other one has just renamed or removed it
  done
  return 1
}

# fetch SHA256 SIZE PATH URL: makes FOLDER/PATH be that file. Fails where going on makes no sense for any file.
fetch() {
  local file=$FOLDER/$3 name=${3##*/} part failed=0
  case /$3/ in
    *//* | */../* | */./*)
      report failed "$3" 'its name leads out of the folder'
      return
      ;;
  esac
  # The part's name says which version it is half of: the bytes of two never meet.
  part=${file%/*}/.${name:0:200}.${1:0:16}.part
  if ! is_right "$file" "$1"; then
    if ! mkdir -p -- "${file%/*}" || ! hold "$part"; then
      report failed "$3" 'it cannot be written here'
      return 1
    fi
    if ! is_right "$file" "$1"; then
      fill "$@" "$part" "$file" || failed=1
      [[ -s $part ]] || rm -f -- "$part"
      return "$failed"
    fi
    rm -f -- "$part"
  fi
  report kept "$3"
}

# fill SHA256 SIZE PATH URL PART FILE: until PART is whole and right, or there is no hope.
fill() {
  local part=$5 whole=no again=no signed=no tries=0 before status code
  [[ $SOURCE != topmast ]] || signed=yes
  while kill -0 "$MAIN" 2>/dev/null; do
    before=$(bytes_in "$part")
    if [[ $whole == yes ]] || ((before >= $2)); then
      if is_right "$part" "$1"; then
        mv -f -- "$part" "$6" || return 1
        report fetched "$3"
        return
      fi
      : >"$part"
      if [[ $again == yes ]]; then
        report changed "$3" "$CHANGED"
        return
      fi
      whole=no again=yes before=0 # once more, from its start: a half of other bytes, or a bit that flipped
    fi
    status=0
    code=$(get "$4" "$part" "$1" "$signed") || status=$?
    case $status:$code in
      0:2*)
        whole=yes
        continue
        ;;
      33:* | 22:416) : >"$part" ;; # it does not go on there
      22:401 | 22:403)
        if [[ $4 != "$PLACE"/* ]]; then # CRDS, whom no token is shown
          report failed "$3" "it is refused there (HTTP $code)"
          return
        fi
        if [[ $signed == no ]] && has_mast_token; then
          signed=yes
          continue
        fi
        report failed "$3" "$REFUSED"
        [[ $SOURCE == mast ]] # topmast would refuse every other file too
        return
        ;;
      22:404 | 22:410)
        report failed "$3" "it is not there (HTTP $code)"
        return
        ;;
      23:*)
        report failed "$3" 'it cannot be written: is the disk full?'
        return 1
        ;;
    esac
    (($(bytes_in "$part") <= before)) || tries=0
    if ((++tries >= TRIES)); then
      report failed "$3" "no answer in $TRIES tries (curl $status, HTTP $code)"
      ((status != 6 && status != 7)) # nobody is there: the same for every other file
      return
    fi
    sleep "$((PAUSE * 2 ** (tries > 5 ? 5 : tries - 1)))"
  done
  return 1
}

# Lines of the list, one after another. 255 tells xargs to begin no more; so does the end of MAIN, however it ended.
fetch_each() {
  local line sha256 size path url
  for line in "$@"; do
    IFS=$'\t' read -r sha256 size path url <<<"$line"
    kill -0 "$MAIN" 2>/dev/null && fetch "$sha256" "$size" "$path" "$url" || exit 255
  done
}

usage() { give_up 'usage: bash script.sh [-j files at a time] [-d folder]'; }

# main FILES LEFT_OUT [-j N] [-d FOLDER]
main() {
  local files=$1 left_out=$2 at_once=4 option
  FOLDER=./$JOB
  shift 2
  while getopts :j:d: option; do
    case $option in
      j) at_once=$OPTARG ;;
      d) FOLDER=$OPTARG ;;
      *) usage ;;
    esac
  done
  ((OPTIND > $#)) && [[ $at_once =~ ^[1-9][0-9]?$ && -n $FOLDER ]] || usage
  begin
  local each=$((files / (at_once * 8) + 1)) # lines for one bash: all have work, and few are started for many files
  list | tr '\n' '\0' | xargs -0 -n "$((each > 50 ? 50 : each))" -P "$at_once" \
    bash -c 'set -uo pipefail; fetch_each "$@"' fetch | sum_up "$files" "$left_out"
}

begin() {
  ((BASH_VERSINFO[0] >= 4)) || give_up 'This needs bash 4 or later.'
  command -v curl >/dev/null || give_up 'This needs curl.'
  command -v sha256sum >/dev/null || command -v shasum >/dev/null || give_up 'This needs sha256sum or shasum.'
  [[ $SOURCE == mast || -n ${TOPMAST_API_KEY:-} ]] || give_up 'Put your API key into the environment: TOPMAST_API_KEY.'
  TRIES=${TOPMAST_TRIES:-6} PAUSE=${TOPMAST_PAUSE:-2} MAIN=$$
  [[ $TRIES$PAUSE =~ ^[0-9]+$ ]] || give_up 'TOPMAST_TRIES and TOPMAST_PAUSE are whole numbers.'
  CHANGED='topmast has other bytes than this list says: get this script anew'
  REFUSED='topmast does not accept the key'
  if [[ $SOURCE == mast ]]; then
    CHANGED='MAST has other bytes than this bundle: reprocessed since? Make the bundle anew'
    REFUSED='MAST gives it only to a token that may have it (MAST_API_TOKEN)'
  fi
  export JOB SOURCE PLACE FOLDER CHANGED REFUSED TRIES PAUSE MAIN
  export -f sha256_of is_right bytes_in credentials has_mast_token get report hold fetch fill fetch_each
}

# Reads reports; fails unless every file is there and right.
sum_up() {
  local files=$1 left_out=$2 kept=0 fetched=0 bad=0 what path why
  while IFS=$'\t' read -r what path why; do
    case $what in
      kept) kept=$((kept + 1)) ;;
      fetched)
        fetched=$((fetched + 1))
        say "fetched $path"
        ;;
      *)
        bad=$((bad + 1))
        say "$what $path: $why"
        ;;
    esac
  done
  local untried=$((files - kept - fetched - bad))
  printf '%s: %d fetched, %d kept, %d not to be had, %d not tried, of %d files; in %s\n' \
    "$JOB" "$fetched" "$kept" "$bad" "$untried" "$files" "$FOLDER"
  ((left_out == 0)) || printf '%d more are not MAST'\''s: fetch them from topmast.\n' "$left_out"
  ((bad == 0 && untried == 0))
}

