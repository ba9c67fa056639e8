<?php
// What a teacher clicks in Moodle, by Moodle's own classes: moodle.php VERB [JSON].
//
// MOODLE is the folder of an installed Moodle. Each verb stands for a page or a button; it prints
// what the teacher would be sent or told.

define('CLI_SCRIPT', true);
require(getenv('MOODLE') . '/config.php');
require_once($CFG->libdir . '/gradelib.php');
require_once($CFG->libdir . '/csvlib.class.php');
require_once($CFG->dirroot . '/grade/lib.php');
require_once($CFG->dirroot . '/grade/import/lib.php');
require_once($CFG->dirroot . '/mod/assign/locallib.php');
require_once($CFG->dirroot . '/mod/assign/feedback/offline/importgradeslib.php');
require_once($CFG->dirroot . '/mod/assign/feedback/file/importziplib.php');
require_once($CFG->libdir . '/testing/generator/lib.php');

\core\session\manager::set_user(get_admin());
$asked = json_decode($argv[2] ?? '{}', true, 512, JSON_THROW_ON_ERROR);

function course(): stdClass {
    global $DB;
    return $DB->get_record('course', ['shortname' => 'DD'], '*', MUST_EXIST);
}

/** The assignment of a name, and the page that shows it. */
function assignment(string $name): assign {
    global $DB, $PAGE;
    $record = $DB->get_record('assign', ['course' => course()->id, 'name' => $name], '*', MUST_EXIST);
    [$course, $module] = get_course_and_cm_from_instance($record->id, 'assign');
    $assign = new assign(context_module::instance($module->id), $module, $course);
    $PAGE->set_url('/mod/assign/view.php');
    $PAGE->set_context($assign->get_context());
    $PAGE->set_cm($module, $course);
    return $assign;
}

function user(string $username): stdClass {
    global $DB;
    return $DB->get_record('user', ['username' => $username], '*', MUST_EXIST);
}

/** A file that the teacher drops into a form. */
function draft(string $path): array {
    global $USER;
    $item = file_get_unused_draft_itemid();
    $file = get_file_storage()->create_file_from_pathname([
        'contextid' => context_user::instance($USER->id)->id, 'component' => 'user', 'filearea' => 'draft',
        'itemid' => $item, 'filepath' => '/', 'filename' => basename($path),
    ], $path);
    return [$item, $file];
}

function plain(string $html): string {
    return trim(preg_replace('/\s+/', ' ', html_entity_decode(strip_tags(str_replace('<', ' <', $html)))));
}

switch ($argv[1]) {
    case 'course':  // a course with its people and assignments
        $generator = new testing_data_generator();
        $course = $generator->create_course(['shortname' => 'DD', 'fullname' => 'Drink Deep']);
        foreach ($asked['people'] as $person) {
            $user = $generator->create_user($person + ['lang' => 'en']);
            $generator->enrol_user($user->id, $course->id, $person['role'] ?? 'student');
        }
        foreach ($asked['assignments'] as $name) {
            $generator->create_module('assign', [
                'course' => $course->id, 'name' => $name, 'grade' => $asked['most'], 'submissiondrafts' => 0,
                'assignsubmission_file_enabled' => 1, 'assignsubmission_file_maxfiles' => 20,
                'assignsubmission_file_maxsizebytes' => 0, 'assignsubmission_onlinetext_enabled' => 1,
                'assignfeedback_comments_enabled' => 1, 'assignfeedback_offline_enabled' => 1,
                'assignfeedback_file_enabled' => 1,
            ]);
        }
        break;

    case 'hand-in':  // what a student uploads: path in the file area => file on this machine
        $assign = assignment($asked['assignment']);
        $user = user($asked['who']);
        \core\session\manager::set_user($user);
        $submission = $assign->get_user_submission($user->id, true);
        foreach ($asked['files'] as $path => $file) {
            $folder = dirname($path) === '.' ? '/' : '/' . dirname($path) . '/';
            get_file_storage()->create_file_from_pathname([
                'contextid' => $assign->get_context()->id, 'component' => 'assignsubmission_file',
                'filearea' => ASSIGNSUBMISSION_FILE_FILEAREA, 'itemid' => $submission->id,
                'filepath' => $folder, 'filename' => basename($path), 'userid' => $user->id,
            ], $file);
        }
        $key = ['assignment' => $assign->get_instance()->id, 'submission' => $submission->id];
        if (!$DB->record_exists('assignsubmission_file', $key)) {
            $DB->insert_record('assignsubmission_file', $key + ['numfiles' => count($asked['files'])]);
        }
        $submission->status = ASSIGN_SUBMISSION_STATUS_SUBMITTED;
        $submission->timemodified = time();
        $DB->update_record('assign_submission', $submission);
        break;

    case 'archive':  // "Download all submissions"; folders: the box "Download submissions in folders"
        set_user_preference('assign_downloadasfolders', (int) $asked['folders']);
        $downloader = new \mod_assign\downloader(assignment($asked['assignment']));
        $downloader->load_filelist();
        $downloader->download_zip();
        break;

    case 'worksheet':  // "Download grading worksheet"
        assignment($asked['assignment'])->get_feedback_plugin_by_type('offline')->download_grades();
        break;

    case 'upload-worksheet':
        [$item] = draft($asked['file']);
        $_POST['sesskey'] = $_GET['sesskey'] = sesskey();
        $html = assignment($asked['assignment'])->get_feedback_plugin_by_type('offline')->process_import_grades(
            $item, csv_import_reader::get_new_iid('assignfeedback_offline'), false, 'utf-8', 'comma'
        );
        preg_match_all('/<div class="[^"]*generalbox[^"]*">(.*?)<\/div>/s', $html, $told);
        echo plain(implode(' | ', $told[1])), "\n";
        break;

    case 'upload-feedback':  // "Upload multiple feedback files in a zip"
        $assign = assignment($asked['assignment']);
        [, $file] = draft($asked['file']);
        $importer = new assignfeedback_file_zip_importer();
        $importer->delete_import_files($assign->get_context()->id);
        $importer->extract_files_from_zip($file, $assign->get_context()->id);
        echo plain($importer->import_zip_files($assign, $assign->get_feedback_plugin_by_type('file'))), "\n";
        break;

    case 'upload-csv':  // Grades > Import > CSV file; map: column => grade item
        $PAGE->set_url('/grade/import/csv/index.php');
        $PAGE->set_context(context_course::instance(course()->id));
        $loader = new gradeimport_csv_load_data();
        $loader->load_csv_content(file_get_contents($asked['file']), 'utf-8', 'comma', 10);
        $reader = new csv_import_reader($loader->get_iid(), 'grade');
        $header = $reader->get_columns();
        $items = gradeimport_csv_load_data::fetch_grade_items(course()->id);
        $form = (object) ['importcode' => get_new_importcode(), 'forceimport' => false, 'mapto' => $asked['to']];
        $form->mapfrom = array_search($asked['from'], $header);
        foreach ($header as $place => $column) {
            $form->{"mapping_$place"} = isset($asked['map'][$column])
                ? array_search($asked['map'][$column], $items) : '0';
        }
        $import = new gradeimport_csv_load_data();
        if ($import->prepare_import_grade_data($header, $form, $reader, course()->id, false, 0, 1)) {
            ob_start();
            grade_import_commit(course()->id, $form->importcode);
            echo plain(ob_get_clean()), "\n";
        } else {
            echo 'Refused: ', implode(' ', $import->get_gradebookerrors()), "\n";
        }
        break;

    case 'grade-by-hand':  // in the assignment's grader, with a comment if there is one
        $assign = assignment($asked['assignment']);
        $grade = $assign->get_user_grade(user($asked['who'])->id, true);
        $grade->grade = $asked['grade'];
        $grade->grader = $USER->id;
        $assign->update_grade($grade);
        if (isset($asked['comment'])) {
            $comments = $assign->get_feedback_plugin_by_type('comments');
            $comments->set_editor_text('comments', $asked['comment'], $grade->id);
        }
        break;

    case 'override':  // in the gradebook itself
        $item = grade_item::fetch(['courseid' => course()->id, 'itemtype' => 'mod', 'itemname' => $asked['assignment']]);
        $item->update_final_grade(user($asked['who'])->id, (float) $asked['grade'], 'gradebook');
        break;

    default:
        fwrite(STDERR, "There is no {$argv[1]}.\n");
        exit(2);
}
